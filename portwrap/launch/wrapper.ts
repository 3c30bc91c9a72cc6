// The launch wrapper: a script of sh(1) that runs outside of the sandbox before bwrap. Each fork costs a large launcher
// milliseconds (docs/decisions/0006-two-forks-a-launch.md), so it forks only this script, which forks the others.
// Not here: the script inside (gate.ts), the launcher's ends of the descriptors (build.ts).
import type { Duplex } from 'node:stream';
import { PortwrapError } from '../../config/errors.ts';
import { inOwnMounts, inOwnUsers } from '../mounts/own.ts';
import { readFileOrNull } from '../system/read-file.ts';
import type { Toolbox } from '../system/tools.ts';
import { closeAllBut, descriptors, mapping } from './descriptors.ts';
import { type Sysctls, sysctlCommands } from './sysctls.ts';

/** The loader's message: the rules are loaded. */
const policyLoaded = 'y';

/** The wrapper's messages: FIFOs and terminals exist, or the terminals cannot be made. */
export const isPrepared = 'f';
export const terminalsFailed = 'x';
/** The file with nft's messages, in the sandbox's directory. */
export const policyLog = 'policy.log';

export interface Wrapper {
  readonly life: string;
  readonly forwarder: string;
  readonly uplink: string;
  /** In launches of root the file for nft's messages; null: the gate loads the rules. */
  readonly policyLog: string | null;
  /** The FIFO on which bwrap reports that it waits for its maps (descriptors.ts); null: it does not wait. */
  readonly maps: string | null;
  /** The settings that the loader makes. */
  readonly sysctls: Sysctls;
  /** Whether the sandbox has its own scope, which must exist until the launcher has read its usage. */
  readonly keeper: boolean;
  /** Commands of sh(1) that replace the machine's terminals (mounts/terminals.ts). */
  readonly terminals: readonly string[];
}

/**
 * The argv that creates the FIFOs, starts the loader of the network policy (root only), and executes `argv`, in mounts
 * of its own; without root in a user namespace of its own too, whose root may mount. The loader reads the pid of the
 * sandbox's pid 1, a line end and the rules; it writes `policyLoaded` on success, and closes.
 */
export function wrapperArgv(tools: Toolbox, wrapper: Wrapper, argv: readonly string[]): string[] {
  const { keeper, life, launcher, policy } = descriptors;
  const asRoot = wrapper.policyLog !== null;
  const nft = [tools('nft'), '-f', '-'];
  const settings = sysctlCommands(wrapper.sysctls);
  const set = [tools('sh'), '-c', `'${[...settings, `exec ${nft.join(' ')}`].join('; ')}'`];
  const load = [tools('nsenter'), '"--net=/proc/$child/ns/net"', '--', ...(settings.length > 0 ? set : nft)];
  // its parent is init. If the launcher ends first, it ends what holds the life FIFO: a bwrap whose monitor has ended with
  // the launcher waits for ever. It looks until it finds nobody new, because one that is killed may have forked since the
  // look, and its child, a bwrap that waits for the monitor's word, would wait for ever
  const find = `${tools('find')} -L /proc/[0-9]*/fd/${life} -maxdepth 0 -samefile /proc/self/fd/${keeper} 2>/dev/null`;
  const kill = `echo "$found" | while IFS=/ read -r _ _ holder _; do kill -9 "$holder"; done 2>/dev/null`;
  const endHolders = `known=; until found=$(${find}); [ "$found" = "$known" ]; do known=$found; ${kill}; done`;
  const loader =
    `( ( if read -r child <&${policy}; then ` +
    `${load.join(' ')} <&${policy} >"$3" 2>&1 && printf ${policyLoaded} >&${policy}; ` +
    // find(1) opens it, which waits for a writer
    `else exec ${keeper}<>/proc/self/fd/${keeper}; ${endHolders}; fi ) ` +
    `${keeper}</proc/self/fd/${life} ${closeAllBut('policy', 'keeper')} & )`;
  const keep = `( ( trap '' INT QUIT HUP TERM; read -r _ ) <&${keeper} >/dev/null 2>&1 ${closeAllBut()} & )`;
  const replaceTerminals =
    `( ( if ${wrapper.terminals.join(' && ')}; then printf ${isPrepared} >&${launcher}; ` +
    `else printf ${terminalsFailed} >&${launcher}; fi ) ${closeAllBut('launcher')} & )`;
  const script = [
    ...(wrapper.keeper ? [keep, `exec ${keeper}<&-`] : []),
    `${tools('mkfifo')} -m 600 "$1" "$2" "$5"${wrapper.maps === null ? '' : ' "$4"'} || exit 1`,
    // for reading and writing, because opening then does not block
    `exec ${life}<>"$1"`,
    ...(asRoot ? [loader] : []),
    ...(wrapper.maps === null ? [] : [`exec ${mapping.report}<>"$4"`]),
    // while bwrap starts, which waits for its arguments, and the launcher for this message
    replaceTerminals,
    'shift 5',
    `exec "$@"${wrapper.maps !== null ? ` ${mapping.done}<&${launcher}` : asRoot ? ` ${policy}<&-` : ''}`,
  ].join('\n');
  const operands = [
    wrapper.life,
    wrapper.forwarder,
    wrapper.policyLog ?? '',
    wrapper.maps ?? '',
    wrapper.uplink,
  ];
  const shell = [tools('sh'), '-c', script, 'portwrap', ...operands, ...argv];
  return asRoot ? inOwnMounts(tools, shell) : inOwnUsers(tools, shell);
}

/** Lets the loader load `rules` into the network namespace of `child`. Throws POLICY_FAILED. */
export async function loadPolicy(loader: Duplex, child: number, rules: string, log: string): Promise<void> {
  let response = '';
  loader.on('data', (chunk: Buffer) => (response += chunk.toString('latin1')));
  await ended(loader, `${child}\n${rules}`);
  if (response === policyLoaded) return;
  throw new PortwrapError('POLICY_FAILED', `nft could not load the network policy: ${messages(log)}`);
}

/** Ends a waiting loader; settles when it has ended. */
export function endLoader(loader: Duplex): Promise<void> {
  loader.resume();
  return ended(loader, '');
}

/** Writes `lastWords`; settles when the loader and nft, which hold the other end, have ended. */
function ended(loader: Duplex, lastWords: string): Promise<void> {
  return new Promise((resolve) => {
    if (loader.destroyed || loader.readableEnded) return resolve();
    loader
      .once('end', resolve)
      .once('close', resolve)
      .once('error', () => resolve());
    if (!loader.writableEnded) loader.end(lastWords);
  });
}

function messages(log: string): string {
  const text = readFileOrNull(log);
  return text === null ? 'its loader ended' : text.trim() || 'no message';
}
