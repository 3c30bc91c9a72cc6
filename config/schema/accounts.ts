// The keys below `accounts`: how a user of a hub becomes an account of this machine.
// Not here: account lookup (spawner/).
import { z } from 'zod';
import { numberRange } from './values/number-range.ts';
import { pathTemplate } from './values/path-template.ts';

const highestUid = 2_147_483_647;

export const accountsSchema = z
  .strictObject({
    mode: z.enum(['system', 'dynamic', 'service']).default('system').meta({
      description:
        'system: the account of that name in the user database (needs root). dynamic: a uid of its own for every user from uid_range (needs root). service: everyone runs as the account of the service, which must not be root.',
    }),
    min_uid: z.int().min(1).max(highestUid).default(1000).meta({
      description: 'With mode system: accounts with a lower uid are refused. root is always refused.',
    }),
    uid_range: numberRange(1000, highestUid)
      .refine(({ low, high }) => high < nobody.low || low > nobody.high, {
        error: 'must not contain 65534 and 65535, the uids of "nobody"',
      })
      .prefault('200000-265535')
      .meta({
        description:
          'With mode dynamic: the uids for users, "LOW-HIGH" inclusive. No account in /etc/passwd and no range in /etc/subuid may lie in it.',
      }),
    home: pathTemplate({ placeholders: ['username'], required: ['username'], start: '/' })
      .refine((template) => template.endsWith('/{username}'), {
        error: 'must end with /{username}: the uids in use are read from the directory above it',
      })
      .default('/home/{username}')
      .meta({
        description:
          "With mode dynamic or service: each user's home directory, made with mode 0700 when it is missing. {username} stands for the user's name.",
        examples: ['/srv/jupyter/home/{username}'],
      }),
  })
  .prefault({})
  .meta({ description: 'How a user of a hub becomes an account of this machine.' });

const nobody = { low: 65_534, high: 65_535 };
