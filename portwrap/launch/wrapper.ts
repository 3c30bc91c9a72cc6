// The prelude: the first lines of a launch, still outside of the sandbox, as a script of sh(1). A launcher that has
// grown large pays milliseconds for every process that it forks itself (docs/decisions/0006-two-forks-a-launch.md), so it forks one
// that forks the others. Not here: what runs inside (gate.ts), what is done with the descriptors (build.ts).
import type { Duplex } from 'node:stream';
import { PortwrapError } from '../../config/errors.ts';
import { inOwnMounts } from '../system/own-mounts.ts';
import { readFileOrNull } from '../system/read-file.ts';
import type { Toolbox } from '../system/tools.ts';
import { closeAllBut, descriptors } from './descriptors.ts';
import { openLowPorts } from './low-ports.ts';

/** What the loader says when the rules are loaded. */
const policyLoaded = 'y';

/** What it says when the FIFOs are made. */
export const fifosMade = 'f';
/** Where nft's messages go, in the sandbox's directory. */
export const policyLog = 'policy.log';

export interface Prelude {
  readonly life: string;
  readonly forwarder: string;
  /** Where the messages of nft go; null: the rules are the gate's to load. */
  readonly policyLog: string | null;
  /** Must the loader open the ports below 1024? */
  readonly lowPorts: boolean;
  /** Is the sandbox in a scope of its own, which must be kept until the launcher has read from it? */
  readonly keeper: boolean;
}

/**
 * The argv that makes the FIFOs, leaves the loader of the policy waiting (root only), and becomes `argv`. The loader is
 * told the pid of the sandbox's pid 1, a line end and the rules; it answers with a word when they are loaded, else with
 * end of file.
 */
export function preludeArgv(tools: Toolbox, paths: Prelude, argv: readonly string[]): string[] {
  const { keeper, life, launcher, policy } = descriptors;
  const asRoot = paths.policyLog !== null;
  const nft = [tools('nft'), '-f', '-'];
  const lifted = [tools('sh'), '-c', `'${openLowPorts}; exec ${nft.join(' ')}'`];
  const load = [tools('nsenter'), '"--net=/proc/$child/ns/net"', '--', ...(paths.lowPorts ? lifted : nft)];
  // it belongs to init, and ends without a word when the launcher does
  const loader =
    `( ( read -r child <&${policy} && ` +
    `${inOwnMounts(tools, load).join(' ')} <&${policy} >"$3" 2>&1 && ` +
    `printf ${policyLoaded} >&${policy} ) ${closeAllBut('policy')} & )`;
  const keep = `( ( trap '' INT QUIT HUP TERM; read -r _ ) <&${keeper} >/dev/null 2>&1 ${closeAllBut()} & )`;
  const script = [
    ...(paths.keeper ? [keep, `exec ${keeper}<&-`] : []),
    `${tools('mkfifo')} -m 600 "$1" "$2" || exit 1`,
    ...(asRoot ? [loader] : []),
    // for reading too: opening then waits for nobody, and what holds it open for writing is what lives
    `exec ${life}<>"$1"`,
    `printf ${fifosMade} >&${launcher} || exit 1`,
    'shift 3',
    asRoot ? `exec "$@" ${policy}<&-` : 'exec "$@"',
  ].join('\n');
  const operands = [paths.life, paths.forwarder, paths.policyLog ?? ''];
  return [tools('sh'), '-c', script, 'portwrap', ...operands, ...argv];
}

/** Has the waiting loader put `rules` into the network namespace of `child`. Throws POLICY_FAILED. */
export async function loadPolicy(loader: Duplex, child: number, rules: string, log: string): Promise<void> {
  let answer = '';
  loader.on('data', (chunk: Buffer) => (answer += chunk.toString('latin1')));
  await ended(loader, `${child}\n${rules}`);
  if (answer === policyLoaded) return;
  throw new PortwrapError('POLICY_FAILED', `nft refused the network policy: ${messages(log)}`);
}

/** Tells a loader that waits that nothing will come; settles when it has ended. */
export function endLoader(loader: Duplex): Promise<void> {
  loader.resume();
  return ended(loader, '');
}

/** End of file comes when the loader and nft, who hold the other end, are gone; it may have come before. */
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
