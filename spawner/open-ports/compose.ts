// The parts about open ports, made of a configuration. Not here: relays (relays/), the listener (service.ts).
import { PortwrapError } from '../../config/errors.ts';
import type { Config, ListenAddress } from '../../config/load.ts';
import type { ServerRecord } from '../records/record.ts';
import type { Relays } from '../relays/relays.ts';
import { openShares, type Shares, type SharesInput } from '../shares/shares.ts';
import { createOfferedPath, createPortsPage, type OfferedPath } from './offered.ts';
import { createPortLists, type PortLists } from './port-lists.ts';

export interface OpenPortParts {
  /** The URL to which the proxy sends requests for ports of servers; null: ports have no routes. */
  readonly portLinks: string | null;
  readonly portsPath: OfferedPath;
  readonly portsPage: OfferedPath;
  readonly ports: PortLists;
  readonly shares: Shares;
}

export interface OpenPortAround extends Pick<SharesInput, 'directory' | 'records' | 'audit' | 'log'> {
  /** As it was at the start, and as it is now. */
  readonly first: Config;
  readonly config: () => Config;
  /** Connections with which programs are asked what they are; null: ports are not opened. */
  readonly relays: Relays | null;
}

export function composeOpenPorts({ first, config, relays, ...around }: OpenPortAround): OpenPortParts {
  // a reload opens no ports: what needs the listener counts as it was at the start
  const { port_links, admin_page } = first;
  const portsPath = createOfferedPath(() => ({ port_links, admin_page, profiles: config().profiles }));
  const ports = createPortLists({
    async connect(record, port) {
      if (relays === null) throw new PortwrapError('FORWARD_FAILED', 'ports are not opened');
      return relays.connect(record, port, 'question');
    },
  });
  const portLinks = port_links === null ? null : targetOf(port_links.listen);
  const isOffered = (record: ServerRecord) => portsPath(record) !== null;
  const shares = openShares({ ...around, isOffered, profiles: () => config().profiles });
  return { portLinks, portsPath, portsPage: createPortsPage(first, portsPath), ports, shares };
}

/** The schema lets no unix socket through: not every proxy can reach one. */
function targetOf(address: ListenAddress): string | null {
  if (address.kind === 'unix') return null;
  return `http://${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}
