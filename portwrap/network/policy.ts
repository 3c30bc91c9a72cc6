// The network policy: the destinations that a sandbox may reach, as an nftables ruleset for its network namespace.
// It is loaded while the payload is still held; without capabilities the payload cannot remove it.
// Not here: loading it (launch/launch.ts as root, launch/gate.ts inside an unprivileged sandbox).
import { isIP } from 'node:net';

/** Whether `text` is an IPv4 network. Other texts are refused before nft(8) could interpret them differently. */
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
  /** Networks that may be reached. */
  readonly allow: readonly string[];
  /** Networks that may not be reached, although `allow` contains them. */
  readonly deny: readonly string[];
}

export interface NetworkPolicy {
  /** The addresses beyond this host that it may reach. `true`: all, `false`: none. */
  readonly internet: boolean | ReachableNetworks;
  /** Whether it may query the resolvers of this host, through the forwarder. */
  readonly dns: boolean;
  /** The only listeners of this host that it may reach (above all the hub's API). */
  readonly hosts: readonly Endpoint[];
}

/** The addresses that a sandbox sees; its network policy and its resolv.conf contain them. */
export interface SandboxNetwork {
  readonly cidr: string;
  readonly guest: string;
  /** Leads to this host's loopback, as far as the policy has listeners there. */
  readonly gateway: string;
  /** The DNS server, if the policy has DNS. */
  readonly dns: string;
}

/** The addresses that slirp4netns assigns by default (slirp4netns(1)); pasta is configured to assign the same. */
export const slirpNetwork: SandboxNetwork = {
  cidr: '10.0.2.0/24',
  guest: '10.0.2.100',
  gateway: '10.0.2.2',
  dns: '10.0.2.3',
};

/** RFC 3927. Clouds serve the machine's own credentials there (169.254.169.254). */
const linkLocal = '169.254.0.0/16';
/** libslirp sends limited broadcasts to this host's loopback; servers need none of the other networks. */
const neverHosts = [linkLocal, '0.0.0.0/8', '224.0.0.0/4', '255.255.255.255'];

export function isLoopback(address: string): boolean {
  return address.startsWith('127.');
}

/** The address by which a sandbox reaches this listener. */
export function insideOf({ address }: Endpoint, network: SandboxNetwork): string {
  return isLoopback(address) ? network.gateway : address;
}

/** Whether the policy requires that the gateway leads to this host's loopback. */
export function reachesHostLoopback(policy: NetworkPolicy): boolean {
  return policy.hosts.some((host) => isLoopback(host.address));
}

/**
 * The ruleset as nft(8) reads it. `hostAddresses` are this host's own (IPv4 and IPv6): through a forwarder
 * each of them leads to the host, so each is refused except for the endpoints in `policy.hosts`.
 * `ct state established` permits the replies on forwarded connections, whose peer is the gateway. `nameservers`: those
 * that resolv.conf inside contains besides the forwarder's.
 */
export function nftRuleset(
  policy: NetworkPolicy,
  hostAddresses: readonly string[],
  network: SandboxNetwork,
  nameservers: readonly string[],
): string {
  const own4 = hostAddresses.filter((address) => isIP(address) === 4 && !isLoopback(address));
  const refused4 = [...new Set([network.cidr, '127.0.0.0/8', ...neverHosts, ...own4])];
  const rules = [
    'oifname "lo" accept',
    'ct state established,related accept',
    ...(policy.dns ? queryRules([network.dns, ...nameservers]) : []),
    ...policy.hosts.map((host) => `${endpointInside(host, network)} accept`),
    // one rule for each: nft refuses a set in which one network contains another
    ...refused4.map((network4) => `ip daddr ${network4} reject`),
    // the forwarder has IPv6 for name servers only
    'meta nfproto ipv6 reject',
    ...internetRules(policy.internet),
  ];
  return [
    'table inet portwrap {',
    '  chain output {',
    '    type filter hook output priority 0; policy accept;',
    ...rules.map((rule) => `    ${rule}`),
    '  }',
    ...(policy.dns ? redirection(policy, refused4, network, nameservers) : []),
    '}',
    '',
  ].join('\n');
}

const isQuery = 'meta l4proto { tcp, udp } th dport 53';

/** Over IPv6 the sandbox must also find its router and the link-layer addresses of its neighbours. */
function queryRules(servers: readonly string[]): string[] {
  const rules = servers.map(
    (address) => `${isIP(address) === 6 ? 'ip6' : 'ip'} daddr ${address} ${isQuery} accept`,
  );
  const needed = 'icmpv6 type { nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert } accept';
  return servers.some((address) => isIP(address) === 6) ? [needed, ...rules] : rules;
}

function endpointInside(host: Endpoint, network: SandboxNetwork): string {
  return `ip daddr ${insideOf(host, network)} tcp dport ${host.port}`;
}

/**
 * Sends queries that the policy refuses to the forwarder's name server instead. When the host replaces its resolv.conf,
 * the kernel removes the mount over it (rename(2) of a mount point), and programs inside see the host's own file, whose
 * name servers may be refused: 127.0.0.53, an address of the host, any one without internet.
 */
function redirection(
  policy: NetworkPolicy,
  refused4: readonly string[],
  network: SandboxNetwork,
  nameservers: readonly string[],
): string[] {
  const redirect = `${isQuery} dnat ip to ${network.dns}`;
  const { internet } = policy;
  const rules = [
    ...[network.dns, ...nameservers]
      .filter((address) => isIP(address) === 4)
      .map((address) => `ip daddr ${address} accept`),
    ...policy.hosts.map((host) => `${endpointInside(host, network)} accept`),
    ...refused4.map((network4) => `ip daddr ${network4} ${redirect}`),
    ...(typeof internet === 'boolean'
      ? []
      : [
          ...internet.deny.map((network4) => `ip daddr ${network4} ${redirect}`),
          ...internet.allow.map((network4) => `ip daddr ${network4} accept`),
        ]),
    ...(internet === true ? [] : [`meta nfproto ipv4 ${redirect}`]),
  ];
  return [
    '  chain queries {',
    '    type nat hook output priority -100; policy accept;',
    ...rules.map((rule) => `    ${rule}`),
    '  }',
    '  chain sources {',
    '    type nat hook postrouting priority 100; policy accept;',
    // the sender of a query to a loopback address has one itself; needs route_localnet, which the launch sets (launch/sysctls.ts)
    `    ip saddr 127.0.0.0/8 ip daddr ${network.dns} snat ip to ${network.guest}`,
    '  }',
  ];
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
