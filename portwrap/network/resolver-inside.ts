// The resolver configuration inside a sandbox. The first name server is the forwarder's own address, behind which
// slirp4netns follows the host's /etc/resolv.conf while the sandbox runs; the host's other ones follow for fail-over.
// Not here: the rules that let queries pass (policy.ts).
import { isIP } from 'node:net';
import { readFileOrNull } from '../system/read-file.ts';
import type { HostResolver } from './host-resolver.ts';
import { mostServers } from './host-resolver.ts';
import type { SandboxNetwork } from './policy.ts';

export interface ResolverInside {
  /** The content of resolv.conf. */
  readonly content: string;
  /** Name servers that it contains besides the forwarder's own address. */
  readonly direct: readonly string[];
  /** Whether one of them needs IPv6. */
  readonly ipv6: boolean;
  /** Why no name resolves inside, if that is known. */
  readonly problem: string | null;
}

/**
 * `carriesIpv6`: whether the forwarder can reach IPv6 addresses. slirp4netns and pasta translate their own address to the
 * first IPv4 name server of the host only.
 */
export function resolverInside(
  host: HostResolver,
  network: SandboxNetwork,
  carriesIpv6: boolean,
): ResolverInside {
  const ipv4 = host.nameservers.filter((address) => isIP(address) === 4);
  const ipv6 = host.nameservers.filter((address) => isIP(address) === 6);
  const direct4 = ipv4.slice(1).filter((address) => canBeAsked(address, network));
  const direct6 = ipv6.filter((address) => !/^(?:::|fe[89ab])|%/i.test(address));
  const isIpv6Only = ipv4.length === 0 && ipv6.length > 0;
  const usesIpv6 = isIpv6Only && carriesIpv6 && direct6.length > 0;
  const direct = usesIpv6 ? direct6 : direct4;
  const servers = usesIpv6 ? direct6 : [network.dns, ...direct4];
  const lines = [
    ...servers.slice(0, mostServers).map((address) => `nameserver ${address}`),
    ...host.settings,
  ];
  return {
    content: `${lines.join('\n')}\n`,
    direct,
    ipv6: usesIpv6,
    problem: isIpv6Only && !usesIpv6 ? unreachable(ipv6, carriesIpv6) : null,
  };
}

/** resolv.conf as a file of the sandbox. It is a symbolic link on many hosts; only its target can be mounted over. */
export function resolverFiles(
  { path }: HostResolver,
  { content }: ResolverInside,
): { path: string; content: string }[] {
  // inside a sandbox it is there already; the kernel mounts nothing over it again, because its file is unlinked
  return path === null || readFileOrNull(path) === content ? [] : [{ path, content }];
}

/** Inside, these addresses lead elsewhere: to the sandbox itself, to the forwarder, to a neighbour on its link. */
function canBeAsked(address: string, network: SandboxNetwork): boolean {
  const prefix = network.cidr.slice(0, network.cidr.lastIndexOf('.') + 1);
  return ![prefix, '127.', '169.254.', '0.'].some((start) => address.startsWith(start));
}

function unreachable(addresses: readonly string[], carriesIpv6: boolean): string {
  const why = carriesIpv6
    ? 'a sandbox does not reach the loopback and link-local addresses of IPv6'
    : 'this forwarder reaches IPv4 name servers only';
  return `no name resolves inside: the host's /etc/resolv.conf names only ${addresses.join(', ')}, and ${why}`;
}
