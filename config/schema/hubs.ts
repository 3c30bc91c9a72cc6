// The keys below `hubs`: the hubs that may start servers with this service.
import { z } from 'zod';
import { httpUrl } from './values/http-url.ts';
import { itemName, uniqueNames } from './values/item-name.ts';
import { exactlyOneSecret, secretShape } from './values/secret.ts';

const reaperSchema = z
  .strictObject({
    ...secretShape({ env: 'PORTWRAP_REAPER_TOKEN', file: '/etc/portwrap-spawner/reaper-token' }),
    interval: z.number().min(1).max(86_400).default(120).meta({
      description: 'Seconds between two comparisons; a server that is unknown in two in a row is stopped.',
    }),
  })
  .superRefine(exactlyOneSecret.check, { when: () => true })
  .nullable()
  .default(null)
  .meta({
    description:
      "Stops servers that this hub, a JupyterHub, no longer knows: the service compares its servers with the hub's own list at api_url. Exactly one of token_env, token_file and token gives a token of the hub with the scopes list:users and read:servers. null: no comparison.",
    examples: [{ token_env: 'PORTWRAP_REAPER_TOKEN' }],
  });

const hubSchema = z
  .strictObject({
    name: itemName.meta({
      description:
        'The name of this hub in records and logs; keep it, since a hub sees only the servers that were started under its name. At most 32 of a-z, 0-9 and "-".',
      examples: ['hub'],
    }),
    ...secretShape({ env: 'PORTWRAP_HUB_TOKEN', file: '/etc/portwrap-spawner/hub-token' }),
    api_url: httpUrl
      .refine(leadsSandboxesThere, {
        error:
          'must have the host 127.0.0.1: of this machine\'s loopback addresses, sandboxes reach no other (c.JupyterHub.hub_ip = "127.0.0.1")',
      })
      .default('http://127.0.0.1:8081/hub/api')
      .meta({
        description:
          "Where this hub's API listens, with the hub's base_url in the path, as in http://127.0.0.1:8081/jupyter/hub/api. Its port is the one port of this machine that a sandbox may reach; a hub on 127.0.0.1 is reached from inside at 10.0.2.2, and none on another loopback address is.",
      }),
    public_api_url: httpUrl
      .nullable()
      .default(null)
      .meta({
        description:
          "Where the service asks this hub's API for the reaper and the admin page, if it cannot ask at api_url: the hub's public address with /hub/api. A hub with internal_ssl needs it, since its API at api_url asks for a certificate. null: api_url.",
        examples: ['https://hub.example.org/hub/api'],
      }),
    reaper: reaperSchema,
  })
  .superRefine(exactlyOneSecret.check, { when: () => true });

/** The gateway of a sandbox leads to 127.0.0.1 (slirp4netns, pasta). */
function leadsSandboxesThere(text: string): boolean {
  if (!URL.canParse(text)) return true; // another rule says what is wrong
  const { hostname } = new URL(text);
  return hostname === '127.0.0.1' || !/^(?:127\.|\[::1\]$)/.test(hostname);
}

export const hubsSchema = z
  .array(hubSchema)
  .min(1)
  .superRefine(uniqueNames, { when: () => true })
  .meta({
    description:
      'The hubs that may ask for servers, at least one. Exactly one of token_env, token_file and token gives the secret that a hub sends with every request.',
    examples: [[{ name: 'hub', token_env: 'PORTWRAP_HUB_TOKEN' }]],
  });
