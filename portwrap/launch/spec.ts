// The input of a launch: the specification of one sandbox, and the context that all sandboxes share.
// Not here: the launch (launch.ts).

import type { Limits } from '../cgroups/limits.ts';
import type { Cgroups } from '../cgroups/root.ts';
import { type NetworkPolicy, nftRuleset, slirpNetwork } from '../network/policy.ts';
import type { ResolverInside } from '../network/resolver-inside.ts';
import type { PreloadRequest } from '../preload/request.ts';
import type { SandboxContext } from '../sandbox/context.ts';
import type { Account } from '../system/account.ts';
import type { FileView } from './file-view.ts';
import type { SocketFamily } from './system-call-filter.ts';

export interface SandboxSpec {
  /** The sandbox's own directory, created by the launch (mode 0700); under 90 bytes, as it contains sockets. */
  readonly directory: string;
  readonly command: readonly string[];
  /** The complete environment of the payload. */
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
  /** The account of the payload; null: the launching account. Another one requires root. */
  readonly account: Account | null;
  readonly files: FileView;
  readonly policy: NetworkPolicy;
  /** The families of sockets that it may create. */
  readonly socketFamilies: readonly SocketFamily[];
  readonly limits: Limits;
  readonly hostAddress: string;
  /** Host ports to try, in this order; the first that can be bound becomes the lease. */
  readonly hostPorts: Iterable<number>;
  readonly guestPort: number;
  /** detached: outlives its launcher and can be adopted. foreground: dies with it and leaves no directory. */
  readonly lifetime: 'detached' | 'foreground';
  /** Signals that the launcher ignores, as after nohup(1), without "SIG": a foreground payload ignores them too. */
  readonly ignoredSignals?: readonly string[];
  /** How the payload can be forked from a process that has imported its modules; absent or null: it is a command. */
  readonly preload?: PreloadRequest | null;
  /** The payload's file mode mask, in octal digits; absent: 022, or in the foreground the launcher's own. */
  readonly umask?: string | undefined;
  /** The payload's standard input, output and error. */
  readonly stdio: readonly ['ignore' | number, number, number];
}

export interface LaunchContext extends SandboxContext {
  /** Whether the launcher is root. Then the network policy is applied from outside, else by the gate. */
  readonly asRoot: boolean;
  /** This host's own addresses, which the policy refuses: read at every launch, because they change. */
  readonly hostAddresses: () => readonly string[];
  /** Creates the control groups. */
  readonly cgroups: Cgroups;
  /** Called with a sentence when the sandbox starts and something in it will not work. */
  readonly warn?: (message: string) => void;
}

export function policyText(context: LaunchContext, spec: SandboxSpec, resolver: ResolverInside): string {
  return nftRuleset(spec.policy, context.hostAddresses(), slirpNetwork, resolver.direct);
}
