// The record of a sandbox. Not here: where it is stored, and what an earlier version wrote (spawner/records/).
import type { CgroupPlace } from '../cgroups/place.ts';
import type { Endpoint } from '../network/policy.ts';
import type { ProcessIdentity } from '../system/process.ts';

/** Everything that is needed to adopt a sandbox later; plain JSON, no secrets. */
export interface SandboxRecord {
  readonly directory: string;
  readonly bootId: string;
  /** Pid 1 of the sandbox, as the host sees it: when it ends, every process inside ends. */
  readonly child: ProcessIdentity;
  readonly forwarder: ProcessIdentity;
  /** The kind of forwarder (network/network.ts). */
  readonly forwarderName: string;
  /** null: the forwarder leads out, or nothing does. */
  readonly uplink: ProcessIdentity | null;
  readonly uplinkName: string | null;
  readonly hostAddress: string;
  readonly hostPort: number;
  readonly guestPort: number;
  /** Arguments for attaching a forwarder or an uplink again. */
  readonly hostLoopback: boolean;
  readonly dns: boolean;
  readonly ipv6: boolean;
  readonly routes: readonly Endpoint[];
  /** Its control group, if it has one. */
  readonly cgroup: CgroupPlace | null;
}
