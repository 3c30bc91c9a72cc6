// The network policy: what a sandbox may reach, as an nftables ruleset for its own network namespace.
// It is loaded while the payload is still held; without capabilities the payload cannot remove it.
// Not here: loading it (launch/launch.ts as root, launch/gate.ts inside an unprivileged sandbox).
import { isIP } from 'node:net';
import type { ForwarderNetwork } from './forwarder.ts';

/** A network that nft(8) would read otherwise is refused before it gets there. */
export function isNetwork(text: string): boolean {
  const [address = '', length = '', ...rest] = text.split('/');
  return rest.length === 0 && isIP(address) === 4 && /^\d{1,2}$/.test(length) && Number(length) <= 32;
}

export interface Endpoint {
  /** IPv4 address; 127.0.0.0/8 means a listener on this host's loopback. */
  readonly address: string;
  readonly port: number;
}

/** Networks as "address/prefix length", IPv4. */
export interface ReachableNetworks {
  /** What may be reached. */
  readonly allow: readonly string[];
  /** What may not, although `allow` holds it. */
  readonly deny: readonly string[];
}

export interface NetworkPolicy {
  /** Which addresses that are not this host's may it reach? `true`: all, `false`: none. */
  readonly internet: boolean | ReachableNetworks;
  /** May it ask the forwarder's name server? */
  readonly dns: boolean;
  /** The listeners of this host, and no others, that it may reach (the hub's API first of all). */
  readonly hosts: readonly Endpoint[];
}

/** Addresses that slirp4netns gives out (slirp4netns(1), defaults); pasta is told to give the same. */
export const slirpNetwork: ForwarderNetwork = {
  cidr: '10.0.2.0/24',
  guest: '10.0.2.100',
  gateway: '10.0.2.2',
  dns: '10.0.2.3',
};

/** RFC 3927. Clouds answer there with the machine's own credentials (169.254.169.254). */
const linkLocal = '169.254.0.0/16';
/** libslirp sends limited broadcasts to this host's loopback; nothing that a server needs is in the others. */
const neverHosts = [linkLocal, '0.0.0.0/8', '224.0.0.0/4', '255.255.255.255'];

export function isLoopback(address: string): boolean {
  return address.startsWith('127.');
}

/** Does the policy need the gateway to lead to this host's loopback? */
export function reachesHostLoopback(policy: NetworkPolicy): boolean {
  return policy.hosts.some((host) => isLoopback(host.address));
}

/**
 * The ruleset as nft(8) reads it. `hostAddresses` are this host's own (IPv4 and IPv6): through a forwarder
 * each of them leads to the host, so each is refused but for the endpoints in `policy.hosts`.
 * `ct state established` lets the replies to forwarded connections out, whose peer is the gateway.
 */
export function nftRuleset(
  policy: NetworkPolicy,
  hostAddresses: readonly string[],
  network: ForwarderNetwork,
): string {
  const own4 = hostAddresses.filter((address) => isIP(address) === 4 && !isLoopback(address));
  const refused4 = [...new Set([network.cidr, '127.0.0.0/8', ...neverHosts, ...own4])];
  const rules = [
    'oifname "lo" accept',
    'ct state established,related accept',
    ...(policy.dns ? [`ip daddr ${network.dns} meta l4proto { tcp, udp } th dport 53 accept`] : []),
    ...policy.hosts.map(({ address, port }) => {
      const inside = isLoopback(address) ? network.gateway : address;
      return `ip daddr ${inside} tcp dport ${port} accept`;
    }),
    // a rule for each: nft refuses a set in which one network holds another
    ...refused4.map((network4) => `ip daddr ${network4} reject`),
    // the forwarder gives no IPv6; what is not routed today must not become a way out tomorrow
    'meta nfproto ipv6 reject',
    ...internetRules(policy.internet),
  ];
  return [
    'table inet portwrap {',
    '  chain output {',
    '    type filter hook output priority 0; policy accept;',
    ...rules.map((rule) => `    ${rule}`),
    '  }',
    '}',
    '',
  ].join('\n');
}

function internetRules(internet: NetworkPolicy['internet']): string[] {
  if (internet === true) return [];
  if (internet === false) return ['reject'];
  return [
    ...internet.deny.map((network) => `ip daddr ${network} reject`),
    ...internet.allow.map((network) => `ip daddr ${network} accept`),
    'reject',
  ];
}
