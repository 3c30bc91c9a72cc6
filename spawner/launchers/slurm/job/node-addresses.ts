// The addresses that a job may report for its server. A job runs as its user, so its reports are untrusted: they must
// not lead the proxy to another machine, nor to another user's server.
import { BlockList, isIPv4 } from 'node:net';
import { PortwrapError } from '../../../../config/errors.ts';
import type { Config } from '../../../../config/load.ts';
import type { Address } from './job.ts';

export interface NodeAddresses {
  /** Throws JOB_FAILED when the address is not on the node that reports it, or is another server's. */
  check(address: Address, from: string, recordId: string): void;
  /** Reserves the address for that server until it is released. */
  lease(address: Address, recordId: string): void;
  release(recordId: string): void;
}

export function createNodeAddresses(
  networks: Config['slurm']['node_networks'],
  range: Config['ports']['range'],
): NodeAddresses {
  const allowed = new BlockList();
  for (const network of networks) {
    const [address = '', prefix] = network.split('/');
    allowed.addSubnet(address, Number(prefix), 'ipv4');
  }
  const leases = new Map<string, string>();
  const isNode = ({ host }: Address, from: string) =>
    networks.length === 0 ? host === from : isIPv4(host) && allowed.check(host, 'ipv4');
  return {
    check(address, from, recordId) {
      const { host, port } = address;
      if (!isNode(address, from)) throw refused(`${host} is not the address that it reports from (${from})`);
      if (port < range.low || port > range.high) throw refused(`the port ${port} is outside ports.range`);
      const owner = leases.get(keyOf(address));
      if (owner !== undefined && owner !== recordId) throw refused(`${host}:${port} is another server's`);
    },
    lease: (address, recordId) => void leases.set(keyOf(address), recordId),
    release(recordId) {
      for (const [key, owner] of leases) if (owner === recordId) leases.delete(key);
    },
  };
}

function keyOf({ host, port }: Address): string {
  return `${host}:${port}`;
}

function refused(what: string): PortwrapError {
  return new PortwrapError('JOB_FAILED', `the job reported an address that is refused: ${what}`, {
    hint: 'See "slurm.node_networks" and docs/slurm.md.',
  });
}
