// What a sandbox sees of the control groups: nothing that it could change, and its own group in the place of the
// machine's, so that programs which look for the limit that binds them (the JVM, joblib, Go) find it.
// Not here: mounting it (launch/bwrap-argv.ts).
import type { CgroupPlace } from './cgroup.ts';
import { type CgroupMount, cgroupMounts } from './hierarchies.ts';

/** A directory of this machine that is mounted read-only inside, where it lies or at another place. */
export interface ReadOnlyMount {
  readonly source: string;
  readonly target: string;
}

/**
 * The mounts, in their order. `place` is the sandbox's own group; null: it has none, and sees the machine's.
 * `mounts` are those of the kernel's control group file systems (cgroupMounts).
 */
export function cgroupsInside(
  place: CgroupPlace | null,
  mounts: readonly CgroupMount[] = cgroupMounts(),
): ReadOnlyMount[] {
  // a mount brings with it what is mounted below
  const outermost = [...new Set(mounts.map(({ point }) => (isBelow(point, usual) ? usual : point)))];
  const closed = outermost.map((point) => ({ source: point, target: point }));
  return place === null ? closed : [...closed, ...ownGroups(place, mounts)];
}

function ownGroups({ directories }: CgroupPlace, mounts: readonly CgroupMount[]): ReadOnlyMount[] {
  return Object.entries(directories).flatMap(([controller, source]) =>
    mounts
      .filter(({ point }) => isBelow(source, point))
      .filter(({ controllers }) => controller === 'unified' || controllers.includes(controller))
      .map(({ point }) => ({ source, target: point })),
  );
}

/** Where they all are; with version 1 a directory of one for each hierarchy. */
const usual = '/sys/fs/cgroup';

function isBelow(path: string, directory: string): boolean {
  return `${path}/`.startsWith(`${directory}/`);
}
