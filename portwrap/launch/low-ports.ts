// Ports below 1024 inside a sandbox: the payload has no capability, and each new network namespace reserves these ports
// (ip(7), ip_unprivileged_port_start). The loader of the network policy can remove the reservation.
// Not here: low ports of the host (network/host-ports.ts).

/** Whether listening on it in a new network namespace requires CAP_NET_BIND_SERVICE. */
export function isLowPort(port: number): boolean {
  return port < 1024;
}

/** A command of sh(1). If /proc/sys is read-only it has no effect, and the payload's own bind fails. */
export const openLowPorts = '{ echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start; } 2>/dev/null';
