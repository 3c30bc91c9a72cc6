// Checks whether limits can be set: the control groups of this machine. Not here: opening them (cgroups/root.ts).
import { missingControllers } from '../cgroups/limits.ts';
import { availableControllers, type CgroupWay, cgroupSurroundings, findCgroupWay } from '../cgroups/way.ts';
import { type Check, ok, warning } from './check.ts';

export function checkCgroups(): Check {
  const way = findCgroupWay('command', cgroupSurroundings());
  return evaluateCgroups(way, controllersOf(way));
}

/** `usable` are the controllers that groups created this way can have. */
export function evaluateCgroups(way: CgroupWay, usable: readonly string[]): Check {
  const name = 'control groups';
  const missing = missingControllers(usable);
  const why = 'These limits cannot be set for a sandbox.';
  if (way.kind === 'none') return warning(name, `not available: ${missing.join(', ')}`, why, way.hint);
  const how = {
    v1: 'version 1',
    delegated: 'version 2, in a group of our own',
    scope: 'version 2, in scopes of systemd',
  }[way.kind];
  if (missing.length === 0) return ok(name, `${how}: ${usable.join(', ')}`);
  const fix =
    way.kind === 'v1'
      ? 'Mount these hierarchies, or boot with control groups of version 2.'
      : 'Enable these controllers in the group above, or in the kernel.';
  return warning(name, `${how}; not available: ${missing.join(', ')}`, why, fix);
}

function controllersOf(way: CgroupWay): string[] {
  switch (way.kind) {
    case 'v1':
      return Object.keys(way.parents);
    case 'delegated':
      return availableControllers(way.directory);
    case 'scope':
      return availableControllers(way.mount);
    case 'none':
      return [];
  }
}
