// The launcher's side of the loader of the network policy, which the wrapper starts in launches of root. It reads the pid
// of the sandbox's pid 1, a line end and the rules; it writes `policyLoaded` on success, and closes.
// Not here: the loader (script.ts, native/wrapper/loader.c), the rules (network/policy.ts).
import type { Duplex } from 'node:stream';
import { PortwrapError } from '../../../config/errors.ts';
import { readFileOrNull } from '../../system/read-file.ts';

/** The loader's message: the rules are loaded. */
export const policyLoaded = 'y';

/** The file with nft's messages, in the sandbox's directory. */
export const policyLog = 'policy.log';

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
