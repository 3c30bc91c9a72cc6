// The launch wrapper: what the launcher starts outside of a sandbox, before bwrap. Each fork costs a large launcher
// milliseconds (docs/decisions/0006-two-forks-a-launch.md), so the wrapper makes all other processes.
// Not here: its argv (argv.ts), the loader of the policy (loader.ts), the script inside (../gate.ts).
import type { TerminalMount } from '../../mounts/terminals.ts';
import type { TemporaryImage } from '../../temporary/image.ts';
import type { Sysctls } from '../sysctls.ts';

/** The wrapper's messages: all that it makes exists, or what could not be mounted. */
export const isPrepared = 'f';
export const terminalsFailed = 'x';
export const imageFailed = 'i';

/** The launcher's line for the guard: bubblewrap has built the sandbox, which now ends with the launcher by itself. */
export const isBuilt = 'b\n';

export interface Wrapper {
  readonly life: string;
  readonly forwarder: string;
  readonly uplink: string;
  /** In launches of root the file for nft's messages; null: the gate loads the rules. */
  readonly policyLog: string | null;
  /** The FIFO on which bwrap reports that it waits for its maps (../descriptors.ts); null: it does not wait. */
  readonly maps: string | null;
  /** The settings that the loader makes. */
  readonly sysctls: Sysctls;
  /** Whether the sandbox has its own scope, which must exist until the launcher has read its usage. */
  readonly keeper: boolean;
  /** What replaces the machine's terminals. */
  readonly terminals: readonly TerminalMount[];
  /** The file system of temporary files that have a bound; null: they have none. Only in launches of root. */
  readonly image: TemporaryImage | null;
  /** The command is no child of the launcher, and has a session of its own. */
  readonly detached: boolean;
  /** The signals that the command ignores, without "SIG". */
  readonly ignoredSignals: readonly string[];
}
