// The keys below `proxy`: the proxy where routes to servers are registered.
import { z } from 'zod';
import { httpUrl } from './values/http-url.ts';
import { atMostOneSecret, secretShape } from './values/secret.ts';

export const proxySchema = z
  .strictObject({
    api_url: httpUrl.default('http://127.0.0.1:8001').meta({
      description:
        'The URL of the REST API of portwrap-proxy or configurable-http-proxy, without the path /api/routes.',
    }),
    ...secretShape({ env: 'CONFIGPROXY_AUTH_TOKEN', file: '/etc/portwrap-spawner/proxy-token' }),
  })
  .superRefine(atMostOneSecret.check, { when: () => true })
  .nullable()
  .default(null)
  .meta({
    description:
      'The proxy where the service registers a route when a server is ready and removes it when the server ends. null: it registers none; the hub writes the routes. At most one of token_env, token_file and token gives the secret of the proxy.',
    examples: [{ token_env: 'CONFIGPROXY_AUTH_TOKEN' }],
  });
