// For a read-only view: a mount that the machine makes while bubblewrap copies its mounts arrives inside writable.
// Later mounts do not arrive (gate.ts). Not here: trying again (mounts/steady.ts).
import { parseMountinfo } from '../mounts/table.ts';
import { isAtOrBelow } from '../system/path.ts';
import type { FileView } from './file-view.ts';

/**
 * A mount point that is wrongly writable inside, or null. `inside` is the mountinfo (proc(5)) of the sandbox, `before`
 * that of the launcher before the sandbox was built.
 */
export function lateMount(files: FileView, inside: string, before: string): string | null {
  const known = new Set(parseMountinfo(before).map(({ point }) => point));
  const writable = files.mounts.filter(({ kind }) => isWritable.has(kind)).map(({ path }) => path);
  const late = parseMountinfo(inside).find(
    ({ point, options }) =>
      options.includes('rw') &&
      !known.has(point) &&
      ![...kernel, ...writable].some((path) => isAtOrBelow(point, path)),
  );
  return late?.point ?? null;
}

/** Mounted by bubblewrap itself; permissions and capabilities limit writes there. */
const kernel = ['/proc', '/dev'];
const isWritable: ReadonlySet<string> = new Set(['writable', 'temporary', 'scratch', 'private']);
