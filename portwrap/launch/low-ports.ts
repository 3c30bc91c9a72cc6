// Ports below 1024 inside a sandbox: the payload has no capability, and each network namespace begins with this
// reservation (ip(7), ip_unprivileged_port_start). Whoever loads the network policy may lift it there.
// Not here: low ports of the host (network/host-ports.ts).

/** May only a process with CAP_NET_BIND_SERVICE listen on it, in a new network namespace? */
export function isLowPort(port: number): boolean {
  return port < 1024;
}

/** A command of sh(1). Where /proc/sys is read-only it does nothing, and the payload says what it may not. */
export const openLowPorts = '{ echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start; } 2>/dev/null';
