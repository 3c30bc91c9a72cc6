// The directory for the files of a launch whose launcher has no state directory: below one of which every sandbox has its
// own, so that payloads of other sandboxes of the same account cannot find it.
// Not here: what is in it (launch.ts), the socket of the forwarder (network/nameless-directory.ts).
import { randomBytes } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { PortwrapError } from '../../config/errors.ts';
import { isWritable } from '../system/access.ts';
import { isAtOrBelow } from '../system/path.ts';
import { replacedDirectories } from './file-view.ts';

/**
 * The path of a new directory; it does not exist yet. `runtimeDirectory` is XDG_RUNTIME_DIR, which is taken if sandboxes
 * do not show it; TMPDIR never is, because it may be in a home. Throws SANDBOX_FAILED.
 */
export function ownDirectory(uid: number, runtimeDirectory?: string): string {
  const candidates = [runtimeDirectory ?? '', uid === 0 ? '/run' : `/run/user/${uid}`, '/tmp'];
  const parent = candidates.find((path) => isReplaced(path) && isWritable(path));
  if (parent === undefined) {
    throw new PortwrapError('SANDBOX_FAILED', 'there is no directory for the files of the launch', {
      hint: `Make ${candidates.slice(1).join(' or ')} writable for the user who launches.`,
    });
  }
  // the pid tells whose a directory is that a killed launcher has left
  const pid = process.pid.toString(16).padStart(8, '0');
  return join(parent, `portwrap-${pid}${randomBytes(8).toString('hex')}`);
}

function isReplaced(path: string): boolean {
  const real = realPath(path);
  return (
    real !== null &&
    replacedDirectories.map(realPath).some((directory) => directory !== null && isAtOrBelow(real, directory))
  );
}

/** Null for a path that does not exist. */
function realPath(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}
