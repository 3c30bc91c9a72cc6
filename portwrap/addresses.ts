// This host's own addresses: what the network policy refuses. Not here: the policy (policy.ts).
import { networkInterfaces } from 'node:os';

/** Addresses, IPv4 and IPv6, of every interface that is up now. */
export function ownAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((infos) => (infos ?? []).map((info) => info.address));
}
