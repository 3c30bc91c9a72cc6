// Checks that names will resolve inside a sandbox, from the resolver configuration of this host.
// Not here: whether the host itself can resolve any.
import { type HostResolver, readHostResolver } from '../network/host-resolver.ts';
import { createUplink, type UplinkName } from '../network/network.ts';
import { slirpNetwork } from '../network/policy.ts';
import { resolverInside } from '../network/resolver-inside.ts';
import { type Check, type DoctorContext, ok, warning } from './check.ts';

export function checkNames(context: DoctorContext): Check[] {
  const { uplink } = context.network;
  if (uplink === null || !context.reach.dns) return [];
  const { carriesIpv6 } = createUplink(uplink, context.tools, context.asRoot);
  const runsAsRoot = context.asRoot && context.account === null;
  return [evaluateNames(readHostResolver(), uplink, carriesIpv6, runsAsRoot)];
}

/** `runsAsRoot`: the sandbox belongs to root, as with --allow-root, and so does its uplink. */
export function evaluateNames(
  host: HostResolver,
  uplink: UplinkName,
  carriesIpv6: boolean,
  runsAsRoot: boolean,
): Check {
  const name = 'names';
  const why = 'Programs in a sandbox cannot resolve names.';
  if (host.path === null || host.nameservers.length === 0) {
    const what = host.path === null ? '/etc/resolv.conf does not exist' : `${host.path} names no name server`;
    return warning(name, what, why, 'Add a line "nameserver ADDRESS" to /etc/resolv.conf.');
  }
  const inside = resolverInside(host, slirpNetwork, carriesIpv6);
  if (inside.problem !== null) {
    const fix = carriesIpv6
      ? 'Add an IPv4 name server to /etc/resolv.conf, such as that of systemd-resolved (127.0.0.53).'
      : 'Use the uplink slirp4netns, or add an IPv4 name server to /etc/resolv.conf.';
    return warning(name, inside.problem, why, fix);
  }
  if (runsAsRoot && uplink === 'slirp4netns' && !/^\/(?:etc|run)\//.test(host.path)) {
    const what = `/etc/resolv.conf leads to ${host.path}, which slirp4netns of root does not see`;
    return warning(
      name,
      what,
      why,
      'Start sandboxes for another account (--user), or make it a file in /etc.',
    );
  }
  const first = host.nameservers[0];
  const how = inside.ipv6 ? 'asked over IPv6' : `behind ${slirpNetwork.dns}`;
  return ok(name, `sandboxes ask ${first}, ${how}`);
}
