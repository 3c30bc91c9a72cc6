// Where groups of sandboxes are made: opened once by whoever launches. Nobody's process but our own is moved, and
// nothing of a group that is not ours is changed. Not here: which way there is (way.ts), the groups (cgroup.ts).
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Controller, missingControllers } from './limits.ts';
import { availableControllers, type CgroupWay, leafName, type ScopeManager } from './way.ts';

export interface CgroupRoot {
  readonly version: 1 | 2;
  /** For each controller that can be used: the directory in which groups are made. */
  readonly directories: Readonly<Partial<Record<Controller, string>>>;
  /** What to do where one is missing. */
  readonly hint: string;
}

/** What a launch asks for a place for its group. */
export interface Cgroups {
  /** The systemd manager that makes a scope for each sandbox, with its group in it; null: `root` has the place. */
  readonly scope: ScopeManager | null;
  /** Where to make the group now: what was there a moment ago may be gone. It never rejects. */
  root(): Promise<CgroupRoot>;
  /** Lets go of what was opened, and removes what is empty; groups of sandboxes stay. */
  close(): void;
}

/** Groups in that way. What cannot be opened gives no root, and says why. */
export function openCgroups(way: CgroupWay): Cgroups {
  if (way.kind === 'scope') return { ...noCgroups, scope: way.manager };
  let last: CgroupRoot = noRoot('');
  const root = () => {
    // once open it stays so: to open it again at every launch is work for the kernel
    if (!isThere(last)) last = openRoot(way);
    return Promise.resolve(last);
  };
  return { scope: null, root, close: () => removeEmpty(last) };
}

/** No controller can be used; the hint says what would help. */
export function noRoot(hint: string): CgroupRoot {
  return { version: 2, directories: {}, hint };
}

/** For launches that ask for no limits: looking costs more than it is worth. */
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
    return noRoot(`Control groups cannot be made here: ${(error as Error).message}`);
  }
}

/** Moves processes of ours into a group below `directory`: one that hands controllers down may have none itself. */
export function enterLeaf(directory: string, name: string, pids: readonly number[]): void {
  makeDirectory(join(directory, name));
  for (const pid of pids) writeFileSync(join(directory, name, 'cgroup.procs'), String(pid));
}

/** Has `directory` hand its controllers down to a group "servers", in which groups of sandboxes are made. */
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
    hint: missing.length === 0 ? '' : `${directory} was not given the controllers ${missing.join(', ')}.`,
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

/** Never with `recursive`: on Node 20 that does not end below a control group that has vanished. */
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

/** Another launcher may use the directory, or make it again at this moment: then it stays. */
function removeEmpty({ directories }: CgroupRoot): void {
  for (const directory of new Set(Object.values(directories))) {
    try {
      rmdirSync(directory);
    } catch {
      // not empty, not ours, or gone
    }
  }
}
