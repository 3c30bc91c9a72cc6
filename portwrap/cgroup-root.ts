// Where control groups may be made: a delegated version 2 subtree, or the version 1 hierarchies. Found once,
// by looking at /proc/self/cgroup and /proc/self/mountinfo. Not here: the groups of sandboxes (cgroup.ts).
import { accessSync, constants, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Controller, controllers } from './limits.ts';

export interface CgroupRoot {
  readonly version: 1 | 2;
  /** For each controller that can be used: the directory in which groups are made. */
  readonly directories: Readonly<Partial<Record<Controller, string>>>;
  /** What to do where one is missing. */
  readonly hint: string;
}

/** For launches that ask for no limits: looking costs more than it is worth. */
export const noCgroups: CgroupRoot = { version: 2, directories: {}, hint: '' };

const hints = {
  1: 'Run the launcher as root, or delegate the cgroup hierarchies to its account.',
  2: 'Run the launcher as a systemd service with Delegate=yes, or as root.',
} as const;

/** Our own name in the hierarchy: groups of sandboxes lie below it. */
const ownName = 'portwrap';

/** `proc` is /proc/self but for tests. */
export function findCgroupRoot(proc = '/proc/self'): CgroupRoot {
  const mounts = parseMounts(readText(join(proc, 'mountinfo')));
  const groups = parseGroups(readText(join(proc, 'cgroup')));
  const v1: Partial<Record<Controller, string>> = {};
  for (const controller of controllers) {
    const mount = mounts.find(({ type, options }) => type === 'cgroup' && options.includes(controller));
    const group = groups.find((entry) => entry.controllers.includes(controller));
    if (mount === undefined || group === undefined) continue;
    const directory = makeOwn(join(mount.point, group.path));
    if (directory !== null) v1[controller] = directory;
  }
  if (Object.keys(v1).length > 0) return { version: 1, directories: v1, hint: hints[1] };
  const unified = mounts.find(({ type }) => type === 'cgroup2');
  const group = groups.find(({ controllers: named }) => named.length === 0);
  if (unified === undefined || group === undefined) return { version: 2, directories: {}, hint: hints[2] };
  return { version: 2, directories: delegate(join(unified.point, group.path)), hint: hints[2] };
}

/**
 * In version 2 a group with processes cannot hand controllers down (the "no internal processes" rule), so the
 * launcher moves into a leaf of its own first.
 */
function delegate(own: string): Partial<Record<Controller, string>> {
  const available = readText(join(own, 'cgroup.controllers')).trim().split(' ');
  const usable = controllers.filter((controller) => available.includes(controller));
  if (usable.length === 0 || !isWritable(own)) return {};
  try {
    mkdirSync(join(own, 'service'), { recursive: true });
    for (const pid of readText(join(own, 'cgroup.procs')).split('\n').filter(Boolean)) {
      writeFileSync(join(own, 'service', 'cgroup.procs'), pid);
    }
    const enable = usable.map((controller) => `+${controller}`).join(' ');
    writeFileSync(join(own, 'cgroup.subtree_control'), enable);
    mkdirSync(join(own, ownName), { recursive: true });
    writeFileSync(join(own, ownName, 'cgroup.subtree_control'), enable);
  } catch {
    return {}; // not delegated after all: limits are refused where they are asked for
  }
  return Object.fromEntries(usable.map((controller) => [controller, join(own, ownName)]));
}

function makeOwn(parent: string): string | null {
  const directory = join(parent, ownName);
  try {
    mkdirSync(directory, { recursive: true });
    return isWritable(directory) ? directory : null;
  } catch {
    return null;
  }
}

interface Mount {
  readonly point: string;
  readonly type: string;
  readonly options: readonly string[];
}

/** proc_pid_mountinfo(5): the fields after " - " are type, source and super options. */
function parseMounts(text: string): Mount[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [before = '', after = ''] = line.split(' - ');
      const [type = '', , options = ''] = after.split(' ');
      return { point: before.split(' ')[4] ?? '', type, options: options.split(',') };
    });
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

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
