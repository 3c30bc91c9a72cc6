// The parent of the groups of sandboxes: opened once by each launcher. Moves only our own processes, and changes only
// our own groups. Not here: choosing the parent (way.ts), the groups (cgroup.ts).
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PortwrapError } from '../../config/errors.ts';
import { type Controller, missingControllers } from './limits.ts';
import { availableControllers, type CgroupWay, leafName, type ScopeManager } from './way.ts';

export interface CgroupRoot {
  readonly version: 1 | 2;
  /** For each available controller: the directory in which groups are created. */
  readonly directories: Readonly<Partial<Record<Controller, string>>>;
  /** How to make missing controllers available. */
  readonly hint: string;
  /** Why no group may be created: the limits of all sandboxes together do not hold. */
  readonly refusal?: PortwrapError | undefined;
}

/** Gives each launch the parent for its group. */
export interface Cgroups {
  /** The systemd manager that creates a scope for each sandbox, with its group in it; null: `root` gives the parent. */
  readonly scope: ScopeManager | null;
  /** The current parent: an earlier one may have been removed. Never rejects. */
  root(): Promise<CgroupRoot>;
  /** Must every sandbox be in a group, also one without limits of its own? Absent: no. */
  isRequired?(): boolean;
  /** Moves processes that outlive this one to where systemd lets them be. Absent: they stay where they are. */
  outlive?(pids: readonly number[]): Promise<void>;
  /** Closes the parent, and removes it if it is empty; groups of sandboxes stay. */
  close(): void;
}

/** Opens `way`. On failure the root has no directories, and its hint says why. */
export function openCgroups(way: CgroupWay): Cgroups {
  if (way.kind === 'scope') return { ...noCgroups, scope: way.manager };
  let last: CgroupRoot = noRoot('');
  const root = () => {
    // opened only once: doing so at every launch costs time in the kernel
    if (!isThere(last)) last = openRoot(way);
    return Promise.resolve(last);
  };
  return { scope: null, root, close: () => removeEmpty(last) };
}

/** No controller is available; the hint says how to change that. */
export function noRoot(hint: string): CgroupRoot {
  return { version: 2, directories: {}, hint };
}

/** For launches without limits: they need no control group. */
export const noCgroups: Cgroups = { scope: null, root: () => Promise.resolve(noRoot('')), close() {} };

function openRoot(way: Exclude<CgroupWay, { kind: 'scope' }>): CgroupRoot {
  try {
    switch (way.kind) {
      case 'v1':
        return openVersion1(way.parents);
      case 'delegated':
        if (!way.leaf) enterLeaf(way.directory, leafName, [process.pid]);
        return handDown(way.directory);
      case 'none':
        return noRoot(way.hint);
    }
  } catch (error) {
    return noRoot(`Control groups cannot be created here: ${(error as Error).message}`);
  }
}

/** Moves our processes into a child of `directory`: a group that delegates controllers may not contain processes. */
export function enterLeaf(directory: string, name: string, pids: readonly number[]): void {
  makeDirectory(join(directory, name));
  for (const pid of pids) writeFileSync(join(directory, name, 'cgroup.procs'), String(pid));
}

/** Enables the controllers of `directory` for its child "servers", in which groups of sandboxes are created. */
export function handDown(directory: string): CgroupRoot {
  const usable = availableControllers(directory);
  const servers = join(directory, 'servers');
  const enable = usable.map((controller) => `+${controller}`).join(' ');
  writeFileSync(join(directory, 'cgroup.subtree_control'), enable);
  makeDirectory(servers);
  writeFileSync(join(servers, 'cgroup.subtree_control'), enable);
  const missing = missingControllers(usable);
  return {
    version: 2,
    directories: Object.fromEntries(usable.map((controller) => [controller, servers])),
    hint: missing.length === 0 ? '' : `${directory} does not have the controllers ${missing.join(', ')}.`,
  };
}

function openVersion1(parents: Readonly<Partial<Record<Controller, string>>>): CgroupRoot {
  const directories: Partial<Record<Controller, string>> = {};
  for (const [controller, parent] of Object.entries(parents) as [Controller, string][]) {
    const directory = join(parent, 'portwrap');
    makeDirectory(directory);
    directories[controller] = directory;
  }
  return { version: 1, directories, hint: 'Some controllers are not mounted on this machine.' };
}

/** Without `recursive`, which on Node 20 never returns below a control group that was removed. */
function makeDirectory(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function isThere({ directories }: CgroupRoot): boolean {
  const places = Object.values(directories);
  return places.length > 0 && places.every((directory) => existsSync(directory));
}

/** Leaves directories that another launcher uses. */
function removeEmpty({ directories }: CgroupRoot): void {
  for (const directory of new Set(Object.values(directories))) {
    try {
      rmdirSync(directory);
    } catch {
      // not empty, not ours, or gone
    }
  }
}
