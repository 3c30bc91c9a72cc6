// The forwarder: the program that forwards one host port to one guest port.
// Not here: the drivers (builtin/builtin.ts, slirp4netns.ts, pasta.ts), their table (network.ts), the way out (uplink.ts).
import type { Endpoint } from './policy.ts';
import type { Attached, UplinkRequest } from './uplink.ts';

export interface ForwardRequest extends UplinkRequest {
  /** The address of this host on which the port is bound; never 0.0.0.0 by default. */
  readonly hostAddress: string;
  /** Host ports to try in this order; the first that can be bound is the lease. */
  readonly hostPorts: Iterable<number>;
  readonly guestPort: number;
  /** Listeners of this host to which it must lead, because the sandbox has no uplink (`builtin` only). */
  readonly routes: readonly Endpoint[];
  /** Where it may write messages once it is attached; null: to its log. */
  readonly messages: number | null;
}

export interface Forward extends Attached {
  readonly hostPort: number;
}

export interface Forwarder {
  readonly name: string;
  /** Whether it can reach IPv6 addresses, if it leads out, too. */
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
