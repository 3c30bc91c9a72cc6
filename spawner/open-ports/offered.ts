// Whether browsers open the ports of a server, and at which addresses. Not here: who may (page/links/access.ts), the names of
// hosts (routes/ports/).
import type { Config } from '../../config/load.ts';
import { pagePath } from '../hubs/page-path.ts';
import { portsPathOf, type ServerRecord } from '../records/record.ts';
import type { PortHosts } from '../routes/ports/port-hosts.ts';

/** The address of a port: a path on the host of the hub, or a URL with a host of its own. */
export type AddressOf = (port: number) => string;
/** Those of a server; null: its ports are not opened. */
export type OfferedPorts = (record: ServerRecord) => AddressOf | null;

export function createOfferedPorts(
  config: () => Pick<Config, 'port_links' | 'admin_page' | 'profiles'>,
  hosts: PortHosts | null,
): OfferedPorts {
  return (record) => {
    const { port_links: links, admin_page: page, profiles } = config();
    if (links === null || page?.hub !== record.hub) return null;
    const profile = profiles.find(({ name }) => name === record.profile);
    const path = profile?.port_links === true ? portsPathOf(record) : null;
    // a hub with subdomains of which this configuration does not know would have them at the hosts of users
    if (path === null || (record.route_host === null) !== (hosts === null)) return null;
    return (port) => (hosts === null ? `${path}/${port}/` : `${hosts.originOf(record, port)}/`);
  };
}

/** The path of the page with a person's open ports, which the progress of their starts names; null: there is none. */
export function createPortsPage(
  { hubs, admin_page: page }: Config,
  offered: OfferedPorts,
): (record: ServerRecord) => string | null {
  const hub = hubs.find(({ name }) => name === page?.hub);
  return (record) =>
    page === null || hub === undefined || offered(record) === null ? null : pagePath(hub, page);
}
