// The keys below `admin_page`: the page where people see and stop servers, as a service of a JupyterHub.
// Not here: its content (spawner/page/).
import { z } from 'zod';
import { httpOrigin } from './values/http-url.ts';
import { itemName } from './values/item-name.ts';
import { listenAddress } from './values/listen-address.ts';
import { exactlyOneSecret, secretShape } from './values/secret.ts';

export const adminPageSchema = z
  .strictObject({
    hub: itemName
      .nullable()
      .default(null)
      .meta({
        description:
          'The name of the hub, one of "hubs", whose users sign in and whose servers are shown. null: the first one.',
        examples: ['hub'],
      }),
    service_name: itemName.default('portwrap').meta({
      description:
        'The name of the page in c.JupyterHub.services of that hub: it is served at /services/NAME/. At most 32 of a-z, 0-9 and "-".',
    }),
    listen: listenAddress.prefault('127.0.0.1:8096').meta({
      description:
        'Where the page listens for the proxy: the "url" in c.JupyterHub.services. It is an address of its own, so that the protocol of "service.listen" is never reachable through the proxy.',
    }),
    hub_url: httpOrigin
      .nullable()
      .default(null)
      .meta({
        description:
          'With c.JupyterHub.subdomain_host: its value, where people find the hub; sign-ins come back to the host on which the page was opened. null: hub and page are on one host.',
        examples: ['https://hub.example.org'],
      }),
    ...secretShape({ env: 'PORTWRAP_PAGE_TOKEN', file: '/etc/portwrap-spawner/page-token' }),
  })
  .superRefine(exactlyOneSecret.check, { when: () => true })
  .nullable()
  .prefault(null)
  .meta({
    description:
      'A page where administrators see and stop every server of a hub, and users their own. People sign in with the hub. null: no page. Exactly one of token_env, token_file and token gives the api_token of the page in c.JupyterHub.services. See docs/admin-page.md.',
    examples: [{ token_env: 'PORTWRAP_PAGE_TOKEN' }],
  });

/** The page's hub must be one of `hubs`. */
export function hubOfAdminPage(
  config: { hubs: readonly { name: string }[]; admin_page: { hub: string | null } | null },
  ctx: { addIssue(issue: { code: 'custom'; message: string; path: string[] }): void },
): void {
  const wanted = config.admin_page?.hub ?? null;
  if (wanted === null || config.hubs.some(({ name }) => name === wanted)) return;
  const message = `must be the name of one of "hubs" (${config.hubs.map(({ name }) => name).join(', ')})`;
  ctx.addIssue({ code: 'custom', message, path: ['admin_page', 'hub'] });
}
