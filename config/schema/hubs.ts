// The keys below `hubs`: who may ask this service for servers.
import { z } from 'zod';
import { httpUrl } from './http-url.ts';
import { itemName, uniqueNames } from './item-name.ts';
import { exactlyOneSecret, secretShape } from './secret.ts';

const hubSchema = z
  .strictObject({
    name: itemName.meta({
      description:
        'The name of this hub in records and logs; keep it, since a hub sees only the servers that were started under its name. At most 32 of a-z, 0-9 and "-".',
      examples: ['hub'],
    }),
    ...secretShape({ env: 'PORTWRAP_HUB_TOKEN', file: '/etc/portwrap-spawner/hub-token' }),
    api_url: httpUrl.default('http://127.0.0.1:8081/hub/api').meta({
      description:
        "Where this hub's API listens. Its port is the one port of this machine that a sandbox may reach; a hub on the loopback address is reached from inside at 10.0.2.2.",
    }),
  })
  .superRefine(exactlyOneSecret.check, { when: () => true });

export const hubsSchema = z
  .array(hubSchema)
  .min(1)
  .superRefine(uniqueNames, { when: () => true })
  .meta({
    description:
      'The hubs that may ask for servers, at least one. Exactly one of token_env, token_file and token gives the secret that a hub sends with every request.',
    examples: [[{ name: 'hub', token_env: 'PORTWRAP_HUB_TOKEN' }]],
  });
