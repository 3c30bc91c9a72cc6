// This host's own addresses, which the network policy refuses. Not here: the policy (policy.ts).
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';

/**
 * The current IPv4 and IPv6 addresses of this host. Node lists only interfaces with a carrier; the kernel's own
 * table (proc_net_fib_trie) also has those of an idle bridge or an unplugged card, where a listener is reachable too.
 */
export function ownAddresses(): string[] {
  const listed = Object.values(networkInterfaces()).flatMap((infos) =>
    (infos ?? []).map(({ address }) => address),
  );
  return [...new Set([...listed, ...localAddresses(readFileSync('/proc/net/fib_trie', 'utf8'))])];
}

/** The addresses that the routing table marks as local. */
export function localAddresses(table: string): string[] {
  return [...table.matchAll(/\|-- (\d+\.\d+\.\d+\.\d+)\n\s+\/32 host LOCAL/g)].map(
    ([, address = '']) => address,
  );
}
