// What is written into a control group for its limits and shares: files and values of both versions, as in
// https://docs.kernel.org/admin-guide/cgroup-v2.html and .../cgroup-v1/. Pure.
// Not here: writing them (cgroup.ts, total.ts).
import { join } from 'node:path';

import type { Limits, TotalLimits } from './limits.ts';
import type { CgroupPlace } from './place.ts';

export interface Setting {
  readonly file: string;
  readonly value: string;
  /** Skipped where the kernel does not have the file. */
  readonly optional: boolean;
}

/** The limits of one sandbox. bwrap's monitor, its pid 1, two of the forwarder, and two of the uplink are in the group, too. */
export function limitSettings({ version, directories }: CgroupPlace, limits: Limits): Setting[] {
  const memory = textOf(limits.memory);
  const high = textOf(limits.memoryHigh);
  const processes = limits.processes === null ? null : String(limits.processes + ownProcesses);
  const weight = textOf(limits.cpuWeight);
  if (version === 2) {
    const { unified } = directories;
    return [
      ...set(unified, 'memory.high', high),
      ...set(unified, 'memory.max', memory),
      // otherwise memory above the limit would be swapped out
      ...optional(set(unified, 'memory.swap.max', memory === null ? null : '0')),
      ...set(unified, 'cpu.max', limits.cpus === null ? null : `${quotaOf(limits.cpus)} ${period}`),
      ...set(unified, 'cpu.weight', weight),
      ...set(unified, 'pids.max', processes),
      ...weights(ioFilesOf({ version, directories }), limits.ioWeight),
    ];
  }
  return [
    // only when the machine is short of memory
    ...set(directories.memory, 'memory.soft_limit_in_bytes', high),
    ...set(directories.memory, 'memory.limit_in_bytes', memory),
    // memory and swap together; absent without swap accounting
    ...optional(set(directories.memory, 'memory.memsw.limit_in_bytes', memory)),
    ...set(directories.cpu, 'cpu.cfs_period_us', limits.cpus === null ? null : String(period)),
    ...set(directories.cpu, 'cpu.cfs_quota_us', limits.cpus === null ? null : quotaOf(limits.cpus)),
    ...set(directories.cpu, 'cpu.shares', limits.cpuWeight === null ? null : sharesOf(limits.cpuWeight)),
    ...set(directories.pids, 'pids.max', processes),
    ...weights(ioFilesOf({ version, directories }), limits.ioWeight),
  ];
}

/** The limits of all sandboxes together, on the parent of their groups. null takes a limit away. */
export function totalSettings({ version, directories }: CgroupPlace, total: TotalLimits): Setting[] {
  const { memory, cpus, processes } = total;
  if (version === 2) {
    const { unified } = directories;
    return [
      ...set(unified, 'memory.max', textOf(memory) ?? 'max'),
      ...optional(set(unified, 'memory.swap.max', memory === null ? 'max' : '0')),
      ...set(unified, 'cpu.max', `${cpus === null ? 'max' : quotaOf(cpus)} ${period}`),
      ...set(unified, 'pids.max', textOf(processes) ?? 'max'),
    ];
  }
  const bytes = textOf(memory) ?? '-1';
  return [
    // -1 takes a limit away. Memory and swap together must never be less than memory alone
    ...optional(set(directories.memory, 'memory.memsw.limit_in_bytes', '-1')),
    ...set(directories.memory, 'memory.limit_in_bytes', bytes),
    ...optional(set(directories.memory, 'memory.memsw.limit_in_bytes', bytes)),
    ...set(directories.cpu, 'cpu.cfs_period_us', String(period)),
    ...set(directories.cpu, 'cpu.cfs_quota_us', cpus === null ? '-1' : quotaOf(cpus)),
    ...set(directories.pids, 'pids.max', textOf(processes) ?? 'max'),
  ];
}

interface WeightFile {
  readonly file: string;
  /** The value for a weight of 1 to 10000. */
  readonly value: (weight: number) => string;
}

/**
 * The files that hold the share of the disks; a kernel has those of its schedulers, or none. BFQ's weights end at 1000,
 * and are converted as systemd does it.
 */
export function ioFilesOf({ version, directories }: CgroupPlace): WeightFile[] {
  const bfq = (weight: number) =>
    String(weight <= 100 ? weight : 100 + Math.floor(((weight - 100) * 900) / 9900));
  const at = (directory: string | undefined, name: string, value: WeightFile['value']): WeightFile[] =>
    directory === undefined ? [] : [{ file: join(directory, name), value }];
  if (version === 2)
    return [
      ...at(directories.unified, 'io.weight', (weight) => `default ${weight}`),
      ...at(directories.unified, 'io.bfq.weight', bfq),
    ];
  return [
    ...at(directories.blkio, 'blkio.bfq.weight', bfq),
    // of CFQ, before Linux 5.0: 10 to 1000, and 500 where nobody sets it
    ...at(directories.blkio, 'blkio.weight', (weight) => String(Math.min(1000, Math.max(10, weight * 5)))),
  ];
}

/** Microseconds; the kernel's default. */
const period = 100_000;

/** The kernel takes no less than a millisecond in each period. */
function quotaOf(cpus: number): string {
  return String(Math.max(1000, Math.round(cpus * period)));
}

/** Version 1 counts from 2 to 262144, and 1024 is what version 2 calls 100. */
function sharesOf(weight: number): string {
  return String(Math.min(262_144, Math.max(2, Math.round((weight * 1024) / 100))));
}

const ownProcesses = 6;

function textOf(limit: number | null): string | null {
  return limit === null ? null : String(limit);
}

function set(directory: string | undefined, name: string, value: string | null): Setting[] {
  return directory === undefined || value === null
    ? []
    : [{ file: join(directory, name), value, optional: false }];
}

function optional(settings: readonly Setting[]): Setting[] {
  return settings.map((setting) => ({ ...setting, optional: true }));
}

function weights(files: readonly WeightFile[], weight: number | null): Setting[] {
  if (weight === null) return [];
  return files.map(({ file, value }) => ({ file, value: value(weight), optional: true }));
}
