// The uplink: the program that connects a sandbox to this host and to networks beyond it, within its network policy.
// Not here: the drivers (slirp4netns.ts, pasta.ts), their table (network.ts), the way in (forwarder.ts).
import type { Liveness, Watch } from '../system/liveness.ts';
import type { ProcessIdentity } from '../system/process.ts';

export interface UplinkRequest {
  /** Pid 1 of the sandbox, as the host sees it. */
  readonly child: number;
  /** The sandbox's life: the program ends when the sandbox does. */
  readonly life: Liveness;
  /** A private directory with the FIFO of the program's role in it, for its socket and its log. */
  readonly directory: string;
  /** Whether the gateway must lead to this host's loopback. The network policy then limits it to single ports. */
  readonly hostLoopback: boolean;
  readonly dns: boolean;
  /** Whether it must reach IPv6 name servers; only a program that `carriesIpv6` can. */
  readonly ipv6: boolean;
}

/** A program that is attached to a sandbox. */
export interface Attached {
  readonly process: ProcessIdentity;
  /** All of its processes. */
  readonly pids: readonly number[];
  /** Reports the end of the program. */
  readonly liveness: Watch;
}

export interface Uplink {
  readonly name: string;
  /** Whether it can reach IPv6 addresses. */
  readonly carriesIpv6: boolean;
  /**
   * Attaches to a sandbox. It ends by itself when the sandbox ends.
   * Throws FORWARD_FAILED; then leaves nothing behind.
   */
  attach(request: UplinkRequest): Promise<Attached>;
}
