// The keys below `accounts`: how a user of a hub becomes an account of this machine.
// Not here: account lookup (spawner/).
import { z } from 'zod';
import { numberRange } from './values/number-range.ts';
import { pathTemplate } from './values/path-template.ts';

const highestUid = 2_147_483_647;

/** What useradd(8) accepts, and no option of it. */
const accountName = z.string().regex(/^[A-Za-z_][\w.-]{0,31}$/, {
  error: 'must be the name of a group: letters, digits, "_", "." and "-"',
});

export const accountsSchema = z
  .strictObject({
    mode: z.enum(['system', 'dynamic', 'service']).default('system').meta({
      description:
        'system: the account of that name in the user database (needs root); a name service may spell it differently. dynamic: a uid of its own for every user from uid_range (needs root). service: everyone runs as the account of the service, which must not be root.',
    }),
    username: z
      .string()
      .regex(/^[^{}:/\s]*\{username\}[^{}:/\s]*$/, {
        error: 'must contain {username} once, and no other braces, colons, slashes or spaces',
      })
      .default('{username}')
      .meta({
        description:
          "With mode system: the name of a user's account. {username} stands for the user's name at the hub.",
        examples: ['jupyter-{username}'],
      }),
    create: z.boolean().default(false).meta({
      description:
        'With mode system: make the account of a user who has none (useradd, with a home of mode 0700 from /etc/skel), and the missing home of one that exists (mkhomedir_helper of PAM). Anyone who may start a server then gets an account of this machine.',
    }),
    groups: z
      .array(accountName)
      .default([])
      .meta({
        description: 'With create: the groups of this machine that a new account is put in; they must exist.',
        examples: [['jupyterhub-users']],
      }),
    shell: z
      .string()
      .regex(/^\/[^\0:\s]*$/, { error: 'must be an absolute path' })
      .default('/bin/bash')
      .meta({ description: 'With create: the login shell of a new account.' }),
    min_uid: z.int().min(1).max(highestUid).default(1000).meta({
      description: 'With mode system: accounts with a lower uid are refused. root is always refused.',
    }),
    max_uid: z
      .int()
      .min(1)
      .max(highestUid)
      .default(highestUid)
      .meta({
        description:
          'With mode system: accounts with a higher uid are refused, such as those of another directory service.',
        examples: [59_999],
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
          "With mode dynamic or service: each user's home directory, made with mode 0700 when it is missing. {username} stands for the user's name; a name that cannot be a directory, or with mode dynamic an account, is replaced by its letters and digits and a digest.",
        examples: ['/srv/jupyter/home/{username}'],
      }),
  })
  .refine(({ min_uid, max_uid }) => min_uid <= max_uid, {
    path: ['max_uid'],
    error: 'must not be lower than min_uid',
  })
  .prefault({})
  .meta({ description: 'How a user of a hub becomes an account of this machine.' });

const nobody = { low: 65_534, high: 65_535 };
