// The forwarder: the program that forwards one host port to one guest port, and connects the sandbox to the network.
// Not here: the drivers (slirp4netns.ts, pasta.ts), their table (forwarders.ts).
import type { Liveness, Watch } from '../system/liveness.ts';
import type { ProcessIdentity } from '../system/process.ts';

export interface ForwardRequest {
  /** Pid 1 of the sandbox, as the host sees it. */
  readonly child: number;
  /** The sandbox's life: the forwarder ends when the sandbox does. */
  readonly life: Liveness;
  /** A private directory with the forwarder's FIFO in it, for its socket and its log. */
  readonly directory: string;
  /** The address of this host on which the port is bound; never 0.0.0.0 by default. */
  readonly hostAddress: string;
  /** Host ports to try in this order; the first that can be bound is the lease. */
  readonly hostPorts: Iterable<number>;
  readonly guestPort: number;
  /** Whether the gateway must lead to this host's loopback. The network policy then limits it to single ports. */
  readonly hostLoopback: boolean;
  readonly dns: boolean;
  /** Whether it must reach IPv6 name servers; only a forwarder that `carriesIpv6` can. */
  readonly ipv6: boolean;
}

export interface Forward {
  readonly hostPort: number;
  readonly process: ProcessIdentity;
  /** All of its processes. */
  readonly pids: readonly number[];
  /** Reports the end of the forwarder. */
  readonly liveness: Watch;
}

/** The addresses that a sandbox sees; its network policy and its resolv.conf contain them. */
export interface ForwarderNetwork {
  readonly cidr: string;
  readonly guest: string;
  /** Leads to this host's loopback if `hostLoopback` was requested. */
  readonly gateway: string;
  /** The DNS server, if `dns` was requested. */
  readonly dns: string;
}

export interface Forwarder {
  readonly name: string;
  readonly network: ForwarderNetwork;
  /** Whether it can reach IPv6 addresses. */
  readonly carriesIpv6: boolean;
  /**
   * Attaches to a sandbox and binds one of the host ports. It ends by itself when the sandbox ends.
   * Throws PORT_TAKEN when none of the ports could be bound, else FORWARD_FAILED; then leaves nothing behind.
   */
  attach(request: ForwardRequest): Promise<Forward>;
  /** The same in two steps: what needs no sandbox begins at once, while the sandbox is built. */
  prepare?(): Preparation;
}

/** For one `attach`. */
export interface Preparation {
  attach(request: ForwardRequest): Promise<Forward>;
  /** Ends what was prepared and not used. */
  close(): Promise<void>;
}
