// The keys below `port_links`: browsers open ports inside servers.
// Not here: who may (spawner/page/links/access.ts), which profiles (profiles.ts).
import { z } from 'zod';
import { listenAddress } from './values/listen-address.ts';

export const portLinksSchema = z
  .strictObject({
    listen: listenAddress.prefault('127.0.0.1:8097').meta({
      description:
        'Where the service listens for the proxy, which it tells to send the paths of ports there. Every request is checked, whoever connects.',
    }),
    domain: z
      .string()
      .regex(/^(?=.{1,180}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/, {
        error: 'must be a host name in lower case, without a port',
      })
      .nullable()
      .default(null)
      .meta({
        description:
          "With c.JupyterHub.subdomain_host: each port has a host of its own below this domain, PORT--USER.DOMAIN. A domain that is not the hub's keeps cookies of programs away from the hub. null: the host of admin_page.hub_url.",
        examples: ['hub-ports.example.org'],
      }),
    idle_timeout: z.number().min(1).max(86_400).default(300).meta({
      description:
        'Seconds after the last connection to a port until its relay into the sandbox ends. The next connection starts another one.',
    }),
  })
  .nullable()
  .prefault(null)
  .meta({
    description:
      'Users open the ports inside their own servers in the browser, at /user/NAME/port/PORT/ or, with admin_page.hub_url, at a host of its own for each port, signed in with the hub. Needs admin_page, where they sign in, and proxy. null: no port is opened. See docs/port-links.md.',
    examples: [{ listen: '127.0.0.1:8097' }],
  });

interface Related {
  readonly port_links: {
    readonly listen: z.output<typeof listenAddress>;
    readonly domain: string | null;
  } | null;
  readonly proxy: object | null;
  readonly admin_page: { readonly hub_url: string | null } | null;
}

/** Sign-ins are the page's, and the addresses are routes of the proxy. */
export function portLinksFit(
  { port_links: links, proxy, admin_page: page }: Related,
  ctx: { addIssue(issue: { code: 'custom'; message: string; path: string[] }): void },
): void {
  const refuse = (message: string) => ctx.addIssue({ code: 'custom', path: ['port_links'], message });
  if (links === null) return;
  if (links.listen.kind === 'unix' || links.listen.port === 0)
    ctx.addIssue({
      code: 'custom',
      path: ['port_links', 'listen'],
      message: 'must be a TCP address and port, which the routes in the proxy name',
    });
  if (page === null) refuse('needs admin_page, where people sign in');
  if (proxy === null) refuse('needs proxy, which routes to the ports');
  if (links.domain !== null && page !== null && page.hub_url === null)
    ctx.addIssue({
      code: 'custom',
      path: ['port_links', 'domain'],
      message: 'needs admin_page.hub_url: without subdomains of the hub the proxy does not route by host',
    });
}
