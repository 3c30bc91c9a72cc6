// Settings of a new network namespace below /proc/sys/net (ip(7), ip-sysctl of the kernel): the payload has no capability
// to change them, the loader of the network policy has.
// Not here: low ports of the host (network/host-ports.ts), the policy itself (network/policy.ts).

/** What a sandbox needs changed. */
export interface Sysctls {
  /** Unprivileged programs may bind ports below 1024, which each new namespace reserves. */
  readonly lowPorts: boolean;
  /** Queries to loopback addresses may leave the namespace, after the policy has redirected them. */
  readonly routeLoopback: boolean;
}

/** Whether listening on it in a new network namespace requires CAP_NET_BIND_SERVICE. */
export function isLowPort(port: number): boolean {
  return port < 1024;
}

/** A file, and what is written to it. If /proc/sys is read-only, what needs it fails: the payload's own bind, or a query. */
export interface SysctlFile {
  readonly path: string;
  readonly value: string;
}

export function sysctlFiles({ lowPorts, routeLoopback }: Sysctls): SysctlFile[] {
  return [
    ...(lowPorts ? [{ path: `${ipv4}/ip_unprivileged_port_start`, value: '0' }] : []),
    ...(routeLoopback ? [{ path: `${ipv4}/conf/all/route_localnet`, value: '1' }] : []),
  ];
}

/** Commands of sh(1) that never fail. */
export function sysctlCommands(sysctls: Sysctls): string[] {
  return sysctlFiles(sysctls).map(({ path, value }) => `{ echo ${value} >${path}; } 2>/dev/null`);
}

const ipv4 = '/proc/sys/net/ipv4';
