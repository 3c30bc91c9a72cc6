// In a read-only view: what was mounted on the machine while bubblewrap copied its mounts arrives as it is, writable.
// Later nothing arrives any more (gate.ts). Not here: trying again (system/steady-mounts.ts).
import type { FileView } from './file-view.ts';

/**
 * A mount point that is writable inside and should not be; null: there is none. `inside` and `before` are the mountinfo
 * (proc(5)) of the sandbox, and of the launcher before the sandbox was built.
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

/** Mounted by bubblewrap itself; permissions and capabilities say what may be written there. */
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
