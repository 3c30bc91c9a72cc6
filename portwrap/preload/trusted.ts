// Whether only the administrator could have changed a file: it, and every directory and symbolic link on the way to it,
// belongs to root or to the account of the service, and nobody else may write there.
// Not here: the files below a directory (untrustedBelow uses find(1)), what a fork server has loaded (preload/portwrap_preload/trust.py).
import { lstatSync, readlinkSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { runTool } from '../system/child.ts';
import type { Toolbox } from '../system/tools.ts';

/** A sentence says what somebody else could change on the way to `path`, or that it cannot be examined; null: nothing. */
export function untrusted(path: string, owner: number): string | null {
  const pending = path.split('/').filter(Boolean);
  let at = '/';
  for (let links = 0; links < mostLinks; ) {
    const reason = untrustedEntry(at, owner, pending.length > 0);
    if (reason !== null) return reason;
    const next = pending.shift();
    if (next === undefined) return null;
    const below = resolve(at, next);
    if (!isLink(below)) {
      at = below;
      continue;
    }
    links += 1;
    // who may write the directory of a link may replace it, and that was examined
    const target = readlinkSync(below);
    pending.unshift(...target.split('/').filter((part) => part !== '' && part !== '.'));
    if (isAbsolute(target)) at = '/';
  }
  return `${path} has too many symbolic links`;
}

/** As the kernel's limit, path_resolution(7). */
const mostLinks = 40;

function isLink(path: string): boolean {
  try {
    return lstatSync(path).isSymbolicLink();
  } catch {
    return false; // untrustedEntry says so
  }
}

/** In a directory with the sticky bit others cannot replace what is not theirs; they could add files, below the last one. */
function untrustedEntry(path: string, owner: number, isAbove: boolean): string | null {
  try {
    const { uid, mode } = lstatSync(path);
    if (uid !== 0 && uid !== owner) return `${path} belongs to uid ${uid}, who could change it`;
    const isSticky = isAbove && (mode & 0o1000) !== 0;
    if ((mode & 0o022) !== 0 && !isSticky) return `${path} can be written by others`;
    return null;
  } catch (error) {
    return `${path} cannot be examined (${(error as NodeJS.ErrnoException).code})`;
  }
}

/** The same for directories and everything below them. `become` is the start of the argv that gives up privileges. */
export async function untrustedBelow(
  tools: Toolbox,
  become: readonly string[],
  directories: readonly string[],
  owner: number,
): Promise<string | null> {
  for (const directory of directories) {
    const reason = untrusted(directory, owner);
    if (reason !== null) return reason;
  }
  const owners = [...new Set([0, owner])].flatMap((uid) => ['!', '-uid', String(uid)]);
  const others = ['(', ...owners, '-o', '-perm', '/022', ')', '!', '-type', 'l'];
  const argv = [...become, tools('find'), '-H', ...directories, ...others, '-print', '-quit'];
  const [program = '', ...rest] = argv;
  const { code, output } = await runTool(program, rest);
  if (output !== '') return `${output.split('\n')[0]} can be changed by others than the administrator`;
  return code === 0 ? null : 'find(1) failed';
}
