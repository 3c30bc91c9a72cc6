// The parts about open ports, made of a configuration. Not here: relays (relays/), the listener (service.ts).
import { PortwrapError } from '../../config/errors.ts';
import type { Config, ListenAddress } from '../../config/load.ts';
import type { ServerRecord } from '../records/record.ts';
import type { Relays } from '../relays/relays.ts';
import { createPortHosts, type PortHosts } from '../routes/ports/port-hosts.ts';
import { createPortRoutes, noPortRoutes, type PortRoutes } from '../routes/ports/port-routes.ts';
import type { Routes } from '../routes/routes.ts';
import { openShares, type Shares, type SharesInput } from '../shares/shares.ts';
import { createOfferedPorts, createPortsPage, type OfferedPorts } from './offered.ts';
import { createPortLists, type PortLists } from './port-lists.ts';

export interface OpenPortParts {
  /** null: ports are paths on the host of the hub. */
  readonly portHosts: PortHosts | null;
  readonly portRoutes: PortRoutes;
  readonly offeredPorts: OfferedPorts;
  /** The path of the page where the user finds what a server has opened; null: there is none. */
  readonly portsPage: (record: ServerRecord) => string | null;
  readonly ports: PortLists;
  readonly shares: Shares;
}

export interface OpenPortAround extends Pick<SharesInput, 'directory' | 'records' | 'audit' | 'log'> {
  /** As it was at the start, and as it is now. */
  readonly first: Config;
  readonly config: () => Config;
  /** Connections with which programs are asked what they are; null: ports are not opened. */
  readonly relays: Relays | null;
  readonly routes: Routes;
}

export function composeOpenPorts({
  first,
  config,
  relays,
  routes,
  ...around
}: OpenPortAround): OpenPortParts {
  // a reload opens no ports: what needs the listener counts as it was at the start
  const { port_links, admin_page } = first;
  const portHosts = createPortHosts(first);
  const offeredPorts = createOfferedPorts(
    () => ({ port_links, admin_page, profiles: config().profiles }),
    portHosts,
  );
  const ports = createPortLists({
    async connect(record, port) {
      if (relays === null) throw new PortwrapError('FORWARD_FAILED', 'ports are not opened');
      return relays.connect(record, port, 'question');
    },
  });
  const target = port_links === null ? null : targetOf(port_links.listen);
  const portRoutes =
    target === null ? noPortRoutes : createPortRoutes({ ...around, routes, target, hosts: portHosts });
  const isOffered = (record: ServerRecord) => offeredPorts(record) !== null;
  const shares = openShares({ ...around, isOffered, profiles: () => config().profiles });
  const portsPage = createPortsPage(first, offeredPorts);
  return { portHosts, portRoutes, offeredPorts, portsPage, ports, shares };
}

/** The schema lets no unix socket through: not every proxy can reach one. */
function targetOf(address: ListenAddress): string | null {
  if (address.kind === 'unix') return null;
  return `http://${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}
