// One control group for each sandbox: limits, usage, out-of-memory kills. It is created before the payload runs, so all
// processes of the payload are in it.
// Not here: finding the parent group (root.ts).
import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { PortwrapError } from '../../config/errors.ts';
import { readFileOrNull } from '../system/read-file.ts';
import { type Controller, type Limits, neededControllers } from './limits.ts';
import type { CgroupRoot } from './root.ts';

/** The location of a sandbox's group: one directory in version 2, one for each controller in version 1. Plain JSON. */
export interface CgroupPlace {
  readonly version: 1 | 2;
  readonly directories: Readonly<Partial<Record<Controller | 'unified', string>>>;
}

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
 * LIMITS_UNAVAILABLE if a limit does.
 */
export function createCgroup(root: CgroupRoot, name: string, limits: Limits): CgroupPlace | null {
  const missing = neededControllers(limits).filter(
    (controller) => root.directories[controller] === undefined,
  );
  if (missing.length > 0) {
    throw new PortwrapError(
      'LIMITS_UNAVAILABLE',
      `the limits need control group controllers that are not available here: ${missing.join(', ')}`,
      {
        hint: root.hint,
      },
    );
  }
  const parents = Object.entries(root.directories) as [Controller, string][];
  if (parents.length === 0) return null;
  const directories =
    root.version === 2
      ? { unified: join(parents[0]?.[1] ?? '', name) }
      : Object.fromEntries(parents.map(([controller, parent]) => [controller, join(parent, name)]));
  const place: CgroupPlace = { version: root.version, directories };
  try {
    for (const directory of new Set(Object.values(directories))) makeGroup(directory);
    for (const [file, value] of settings(place, limits)) writeFileSync(file, value);
  } catch (cause) {
    for (const directory of Object.values(directories)) removed(directory);
    throw new PortwrapError(
      'LIMITS_UNAVAILABLE',
      `cannot create the control group: ${(cause as Error).message}`,
      { cause },
    );
  }
  return place;
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

/** Saves the group's location in the sandbox's directory, for a cleanup without a record. */
export function saveCgroupPlace(directory: string, place: CgroupPlace): void {
  writeFileSync(join(directory, placeFile), JSON.stringify(place), { mode: 0o600 });
}

/** The saved location of the group of the sandbox in `directory`, if there is one. */
export function readCgroupPlace(directory: string): CgroupPlace | null {
  const text = read(directory, placeFile);
  return text === null ? null : (JSON.parse(text) as CgroupPlace);
}

const placeFile = 'cgroup.json';

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

/** bwrap's monitor, the sandbox's pid 1, two of the forwarder, and two of the uplink are in the group, too. */
const ownProcesses = 6;

/** Files and values; https://docs.kernel.org/admin-guide/cgroup-v2.html and .../cgroup-v1/. */
function settings({ version, directories }: CgroupPlace, limits: Limits): [string, string][] {
  const period = 100_000; // microseconds, the kernel's default
  const quota = limits.cpus === null ? null : String(Math.max(1000, Math.round(limits.cpus * period)));
  const set = (directory: string | undefined, file: string, value: string | null): [string, string][] =>
    directory === undefined || value === null ? [] : [[join(directory, file), value]];
  const memory = limits.memory === null ? null : String(limits.memory);
  const processes = limits.processes === null ? null : String(limits.processes + ownProcesses);
  if (version === 2) {
    return [
      ...set(directories.unified, 'memory.max', memory),
      // otherwise memory above the limit would be swapped out
      ...optional(set(directories.unified, 'memory.swap.max', memory === null ? null : '0')),
      ...set(directories.unified, 'cpu.max', quota === null ? null : `${quota} ${period}`),
      ...set(directories.unified, 'pids.max', processes),
    ];
  }
  return [
    ...set(directories.memory, 'memory.limit_in_bytes', memory),
    // memory and swap together; absent without swap accounting
    ...optional(set(directories.memory, 'memory.memsw.limit_in_bytes', memory)),
    ...set(directories.cpu, 'cpu.cfs_period_us', quota === null ? null : String(period)),
    ...set(directories.cpu, 'cpu.cfs_quota_us', quota),
    ...set(directories.pids, 'pids.max', processes),
  ];
}

/** Keeps the settings that this kernel supports: the group's directory exists by now, with one file for each. */
function optional(entries: [string, string][]): [string, string][] {
  return entries.filter(([file]) => read(file, '') !== null);
}

function read(directory: string | undefined, file: string): string | null {
  return directory === undefined ? null : readFileOrNull(join(directory, file));
}
