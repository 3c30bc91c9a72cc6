// Reads from /proc the control group hierarchies of this machine, and the groups of a process in them.
// Not here: finding a place for new groups (way.ts), the groups of sandboxes (cgroup.ts).
import { join, resolve } from 'node:path';
import { type MountEntry, parseMountinfo } from '../mounts/table.ts';
import { isAtOrBelow } from '../system/path.ts';
import { readFileOrNull } from '../system/read-file.ts';
import { type Controller, controllers } from './limits.ts';

export interface CgroupHierarchies {
  /** Version 1: the directory of the process's group, for each controller that is mounted. */
  readonly v1: Readonly<Partial<Record<Controller, string>>>;
  /** Version 2: the mount point, and the directory of the process's group; null: not mounted. */
  readonly v2: { readonly mount: string; readonly own: string } | null;
}

/** `process` and `mounts` are directories in /proc: the process whose groups are read, and the one whose mounts are. */
export function readHierarchies(process = '/proc/self', mounts = '/proc/self'): CgroupHierarchies {
  const mounted = parseMountinfo(readFileOrNull(join(mounts, 'mountinfo')) ?? '');
  const groups = parseGroups(readFileOrNull(join(process, 'cgroup')) ?? '');
  const v1: Partial<Record<Controller, string>> = {};
  for (const controller of controllers) {
    const mount = mounted.find(
      ({ type, superOptions }) => type === 'cgroup' && superOptions.includes(controller),
    );
    const group = groups.find((entry) => entry.controllers.includes(controller));
    if (mount !== undefined && group !== undefined) v1[controller] = below(mount, group.path);
  }
  const unified = mounted.find(({ type }) => type === 'cgroup2');
  const group = groups.find((entry) => entry.controllers.length === 0);
  const v2 =
    unified === undefined || group === undefined
      ? null
      : { mount: unified.point, own: below(unified, group.path) };
  return { v1, v2 };
}

/** The directory of a process's group in version 2, or null. */
export function unifiedGroupOf(pid: number): string | null {
  return readHierarchies(`/proc/${pid}`).v2?.own ?? null;
}

/** A mount of a control group file system. */
export interface CgroupMount {
  readonly point: string;
  /** Of version 1: the controllers of the hierarchy; version 2 has none here. */
  readonly controllers: readonly string[];
}

/** All of them in `mountinfo`, the table of a process, in the order in which they were made. */
export function cgroupMounts(mountinfo: string): CgroupMount[] {
  const found = parseMountinfo(mountinfo).filter(({ type }) => /^cgroup2?$/.test(type));
  return found.map(({ point, type, superOptions }) => ({
    point,
    controllers: type === 'cgroup' ? superOptions : [],
  }));
}

/** `root` is a group other than "/" in containers. */
function below({ root, point }: MountEntry, path: string): string {
  const inside = root !== '/' && isAtOrBelow(path, root) ? path.slice(root.length) : path;
  return resolve(point, `.${inside}`);
}

/** cgroups(7): "id:controllers:path"; version 2 has no controllers in its line. */
function parseGroups(text: string): { controllers: readonly string[]; path: string }[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [, named = '', ...path] = line.split(':');
      return { controllers: named.split(',').filter(Boolean), path: path.join(':') };
    });
}
