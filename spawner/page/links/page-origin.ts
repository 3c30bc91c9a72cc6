// Where browsers find the page if the hub has subdomains: on a host that the hub has given it, by rules that differ between
// versions and can be set. The hub's own route in the proxy names it. Not here: the path of the page (hubs/page-path.ts).
import { PortwrapError } from '../../../config/errors.ts';
import type { PortHosts } from '../../routes/ports/port-hosts.ts';
import type { Routes } from '../../routes/routes.ts';

export interface PageOriginInput {
  readonly table: Routes['table'];
  readonly hosts: PortHosts;
  /** The name of the page in c.JupyterHub.services. */
  readonly service: string;
  /** Milliseconds of a monotonic clock. */
  readonly now?: () => number;
}

/** Milliseconds for which an answer of the proxy counts. */
const freshFor = 60_000;

/** Rejects with HUB_UNREACHABLE if the proxy knows of no such page. */
export function createPageOrigin({ table, hosts, service, now = () => performance.now() }: PageOriginInput) {
  let last: { readonly origin: string; readonly time: number } | null = null;
  return async (): Promise<string> => {
    if (last !== null && now() - last.time < freshFor) return last.origin;
    const routes = await table().catch((cause: unknown) => {
      throw new PortwrapError('HUB_UNREACHABLE', 'the proxy does not respond', { cause, hint });
    });
    const path = Object.entries(routes).find(
      ([, { jupyterhub, service: name }]) => jupyterhub === true && name === service,
    )?.[0];
    const host = path?.split('/')[1] ?? '';
    if (!/^[\w.-]+$/.test(host) || !host.includes('.'))
      throw new PortwrapError('HUB_UNREACHABLE', `the hub has no route to its service ${service}`, { hint });
    last = { origin: hosts.originAt(host), time: now() };
    return last.origin;
  };
}

const hint = 'Ask an administrator to check the proxy, and c.JupyterHub.services of the hub.';
