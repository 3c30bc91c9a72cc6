// For a read-only view: a mount that the machine makes while bubblewrap copies its mounts arrives inside writable.
// Later mounts do not arrive (gate.ts). Not here: trying again (system/steady-mounts.ts).
import type { FileView } from './file-view.ts';

/**
 * A mount point that is wrongly writable inside, or null. `inside` is the mountinfo (proc(5)) of the sandbox, `before`
 * that of the launcher before the sandbox was built.
 */
export function lateMount(files: FileView, inside: string, before: string): string | null {
  const known = new Set(pointsOf(before).map(({ point }) => point));
  const writable = files.mounts.filter(({ kind }) => isWritable.has(kind)).map(({ path }) => path);
  const late = pointsOf(inside).find(
    ({ point, options }) =>
      options.startsWith('rw') &&
      !known.has(point) &&
      ![...kernel, ...writable].some((path) => `${point}/`.startsWith(`${path}/`)),
  );
  return late?.point ?? null;
}

/** Mounted by bubblewrap itself; permissions and capabilities limit writes there. */
const kernel = ['/proc', '/dev'];
const isWritable: ReadonlySet<string> = new Set(['writable', 'scratch', 'private']);

function pointsOf(mountinfo: string): { point: string; options: string }[] {
  return mountinfo
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [, , , , point = '', options = ''] = line.split(' ');
      const plain = point.replace(/\\([0-7]{3})/g, (_, octal) =>
        String.fromCharCode(Number.parseInt(octal, 8)),
      );
      return { point: plain, options };
    });
}
