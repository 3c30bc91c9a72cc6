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

/** Commands of sh(1). If /proc/sys is read-only they have no effect: the payload's own bind, or such a query, fails. */
export function sysctlCommands({ lowPorts, routeLoopback }: Sysctls): string[] {
  return [
    ...(lowPorts ? [write('0', 'ip_unprivileged_port_start')] : []),
    ...(routeLoopback ? [write('1', 'conf/all/route_localnet')] : []),
  ];
}

function write(value: string, name: string): string {
  return `{ echo ${value} >/proc/sys/net/ipv4/${name}; } 2>/dev/null`;
}
