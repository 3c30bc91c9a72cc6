// One control group for each sandbox: limits, usage, out-of-memory kills. It is created before the payload runs, so all
// processes of the payload are in it.
// Not here: finding the parent group (root.ts), what is written into its files (settings.ts).
import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { PortwrapError } from '../../config/errors.ts';
import { readFileOrNull } from '../system/read-file.ts';
import { type Controller, type Limits, neededControllers } from './limits.ts';
import type { CgroupPlace } from './place.ts';
import type { CgroupRoot } from './root.ts';
import { ioFilesOf, limitSettings, type Setting } from './settings.ts';

export interface Usage {
  /** Bytes, page cache included; null where memory is not accounted. */
  readonly memory: number | null;
  /** Seconds of CPU since the start. */
  readonly cpu: number | null;
  readonly processes: number | null;
  /** Number of out-of-memory kills in the sandbox. */
  readonly outOfMemoryKills: number;
}

/**
 * Creates the group and sets the limits. Null if no controller is available and no limit needs one; throws
 * LIMITS_UNAVAILABLE if a limit does, or if the limits of all sandboxes together do not hold. `save` gets the place
 * before anything is there: a launcher that is killed in between leaves no group that nobody knows.
 */
export function createCgroup(
  root: CgroupRoot,
  name: string,
  limits: Limits,
  save: (place: CgroupPlace) => void = () => {},
): CgroupPlace | null {
  if (root.refusal !== undefined) throw root.refusal;
  const needed = neededControllers(limits, root.version);
  const missing = needed.filter((controller) => root.directories[controller] === undefined);
  if (missing.length > 0) {
    throw new PortwrapError(
      'LIMITS_UNAVAILABLE',
      `the limits need control group controllers that are not available here: ${missing.join(', ')}`,
      {
        hint: root.hint,
      },
    );
  }
  // version 1: a group in every hierarchy costs time at each launch, and only a weight needs blkio
  const parents = (Object.entries(root.directories) as [Controller, string][]).filter(
    ([controller]) => controller !== 'blkio' || needed.includes(controller),
  );
  if (parents.length === 0) return null;
  const directories =
    root.version === 2
      ? { unified: join(parents[0]?.[1] ?? '', name) }
      : Object.fromEntries(parents.map(([controller, parent]) => [controller, join(parent, name)]));
  const place: CgroupPlace = { version: root.version, directories };
  save(place);
  try {
    for (const directory of new Set(Object.values(directories))) makeGroup(directory);
    if (limits.ioWeight !== null) checkIoWeight(place);
    applySettings(limitSettings(place, { ...limits, cpus: withinParent(root, limits.cpus) }));
  } catch (cause) {
    for (const directory of Object.values(directories)) removed(directory);
    if (cause instanceof PortwrapError) throw cause;
    throw new PortwrapError(
      'LIMITS_UNAVAILABLE',
      `cannot create the control group: ${(cause as Error).message}`,
      { cause },
    );
  }
  return place;
}

/** Writes them in order. Those that this kernel does not have are skipped: a group has one file for each from the start. */
function applySettings(settings: readonly Setting[]): void {
  for (const { file, value, optional } of settings) {
    if (!optional || readFileOrNull(file) !== null) writeFileSync(file, value);
  }
}

/** Version 1 refuses more CPUs than the parent has; version 2 would give that many at most anyway. */
function withinParent({ version, directories }: CgroupRoot, cpus: number | null): number | null {
  const parent = version === 1 ? readCgroupLimits({ version, directories }).cpus : null;
  return cpus === null || parent === null ? cpus : Math.min(cpus, parent);
}

/** Throws LIMITS_UNAVAILABLE. */
function checkIoWeight(place: CgroupPlace): void {
  if (ioFilesOf(place).some(({ file }) => readFileOrNull(file) !== null)) return;
  throw new PortwrapError(
    'LIMITS_UNAVAILABLE',
    'this kernel has no weights for disks, so io_weight cannot be set',
    {
      hint: 'Load a scheduler that has them (modprobe bfq), or remove io_weight from the profile.',
    },
  );
}

/**
 * Moves processes into the group. Asynchronous, because the first such write blocks in the kernel for 9 to 15 ms
 * (measured, version 1).
 */
export async function enterCgroup(place: CgroupPlace, pids: readonly number[]): Promise<void> {
  for (const directory of Object.values(place.directories)) {
    const members = await open(join(directory, 'cgroup.procs'), 'w');
    try {
      for (const pid of pids) await members.write(String(pid)); // the kernel takes one with each write
    } finally {
      await members.close();
    }
  }
}

/** The current usage of the sandbox, or null if its group does not exist any more. */
export function readUsage(place: CgroupPlace): Usage | null {
  const { version, directories } = place;
  const first = Object.values(directories)[0];
  if (first === undefined || read(first, 'cgroup.procs') === null) return null;
  const of = (controller: Controller) => (version === 2 ? directories.unified : directories[controller]);
  const number = (text: string | null) => (text === null || !/^\d+\s*$/.test(text) ? null : Number(text));
  const field = (text: string | null, name: string) =>
    number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text ?? '')?.[1] ?? null);
  if (version === 2) {
    const microseconds = field(read(of('cpu'), 'cpu.stat'), 'usage_usec');
    return {
      memory: number(read(of('memory'), 'memory.current')),
      cpu: microseconds === null ? null : microseconds / 1e6,
      processes: number(read(of('pids'), 'pids.current')),
      outOfMemoryKills: field(read(of('memory'), 'memory.events'), 'oom_kill') ?? 0,
    };
  }
  const nanoseconds = number(read(of('cpuacct'), 'cpuacct.usage'));
  return {
    memory: number(read(of('memory'), 'memory.usage_in_bytes')),
    cpu: nanoseconds === null ? null : nanoseconds / 1e9,
    processes: number(read(of('pids'), 'pids.current')),
    outOfMemoryKills: field(read(of('memory'), 'memory.oom_control'), 'oom_kill') ?? 0,
  };
}

/** The limits of a sandbox; null: no limit. */
export interface UsageLimits {
  /** Bytes. */
  readonly memory: number | null;
  /** Number of CPUs, such as 1.5. */
  readonly cpus: number | null;
}

/** The limits that the kernel enforces on the sandbox. */
export function readCgroupLimits({ version, directories }: CgroupPlace): UsageLimits {
  if (version === 2) {
    const [quota, period] = (read(directories.unified, 'cpu.max') ?? '').split(' ').map(Number);
    return { memory: limit(read(directories.unified, 'memory.max')), cpus: ratio(quota, period) };
  }
  const [quota, period] = ['cpu.cfs_quota_us', 'cpu.cfs_period_us'].map((file) =>
    Number(read(directories.cpu, file) ?? Number.NaN),
  );
  return { memory: limit(read(directories.memory, 'memory.limit_in_bytes')), cpus: ratio(quota, period) };
}

/** "max" means no limit; in version 1 the largest number of pages does. */
function limit(text: string | null): number | null {
  const bytes = text === null ? Number.NaN : Number(text);
  return Number.isNaN(bytes) || bytes > 2 ** 62 ? null : bytes;
}

/** A negative quota (version 1) or "max" (version 2) means no limit. */
function ratio(quota = Number.NaN, period = Number.NaN): number | null {
  return quota > 0 && period > 0 ? quota / period : null;
}

/**
 * Removes the group of a sandbox that has ended. The kernel returns EBUSY while the last process is being reaped. A
 * group that stays busy contains a process that entered it from outside, and is left.
 */
export async function removeCgroup(place: CgroupPlace): Promise<void> {
  for (const directory of Object.values(place.directories)) {
    const began = performance.now();
    while (!removed(directory) && performance.now() - began < busyDeadline) await pause(10);
  }
}

/** Milliseconds that a busy machine may take to reap the last process. */
const busyDeadline = 5_000;

/** An empty group of that name was left by a launcher that was killed: it is replaced. */
function makeGroup(directory: string): void {
  try {
    mkdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !removed(directory)) throw error;
    mkdirSync(directory);
  }
}

function removed(directory: string): boolean {
  try {
    rmdirSync(directory);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EBUSY') return false;
    if (code === 'ENOENT') return true;
    throw error;
  }
}

function read(directory: string | undefined, file: string): string | null {
  return directory === undefined ? null : readFileOrNull(join(directory, file));
}
