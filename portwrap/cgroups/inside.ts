// The control group mounts inside a sandbox: all read-only, with the sandbox's own group as the root, so that programs
// that read their own limits (the JVM, joblib, Go) find them.
// Not here: mounting (launch/bwrap-argv.ts).
import { isAtOrBelow } from '../system/path.ts';
import type { CgroupMount } from './hierarchies.ts';
import type { CgroupPlace } from './place.ts';

/** A directory of this machine that is mounted read-only at `target` inside. */
export interface ReadOnlyMount {
  readonly source: string;
  readonly target: string;
}

/**
 * The mounts, in order. `place` is the sandbox's own group; null: it has none, and sees the machine's groups.
 * `mounts` are the mounts of the kernel's control group file systems (cgroupMounts).
 */
export function cgroupsInside(place: CgroupPlace | null, mounts: readonly CgroupMount[]): ReadOnlyMount[] {
  // a bind mount includes the mounts below it
  const outermost = [...new Set(mounts.map(({ point }) => (isAtOrBelow(point, usual) ? usual : point)))];
  const closed = outermost.map((point) => ({ source: point, target: point }));
  return place === null ? closed : [...closed, ...ownGroups(place, mounts)];
}

function ownGroups({ directories }: CgroupPlace, mounts: readonly CgroupMount[]): ReadOnlyMount[] {
  return Object.entries(directories).flatMap(([controller, source]) =>
    mounts
      .filter(({ point }) => isAtOrBelow(source, point))
      .filter(({ controllers }) => controller === 'unified' || controllers.includes(controller))
      .map(({ point }) => ({ source, target: point })),
  );
}

/** The usual mount point; with version 1 it contains one directory for each hierarchy. */
const usual = '/sys/fs/cgroup';
