// The resource limits and the shares of a sandbox. Not here: enforcing them (cgroup.ts, launch/gate.ts).

export interface Limits {
  /** Bytes of memory, swap included; null: no limit. */
  readonly memory: number | null;
  /** Bytes above which the kernel takes memory back and slows the sandbox down; null: none. */
  readonly memoryHigh: number | null;
  /** CPUs, such as 1.5; null: no limit. */
  readonly cpus: number | null;
  /** Processes and threads; null: no limit. */
  readonly processes: number | null;
  /** Share of the CPUs beside other sandboxes when all are busy, 1 to 10000; null: 100. */
  readonly cpuWeight: number | null;
  /** Share of the disks, as cpuWeight. */
  readonly ioWeight: number | null;
  /** Added to the nice value of every process, 0 to 19. */
  readonly nice: number;
  /** Open files of each process. */
  readonly openFiles: number;
}

export const noLimits: Limits = {
  ...{ memory: null, memoryHigh: null, cpus: null, processes: null },
  ...{ cpuWeight: null, ioWeight: null, nice: 0, openFiles: 1024 },
};

/** What all sandboxes of a launcher together may use; null: no limit. */
export type TotalLimits = Pick<Limits, 'memory' | 'cpus' | 'processes'>;

/** The controllers that these limits need, by the names of the version. */
export function neededControllers(
  limits: TotalLimits & Partial<Limits>,
  version: 1 | 2 = 2,
): readonly Controller[] {
  const needs: [Controller, (number | null | undefined)[]][] = [
    ['memory', [limits.memory, limits.memoryHigh]],
    ['cpu', [limits.cpus, limits.cpuWeight]],
    ['pids', [limits.processes]],
    [version === 2 ? 'io' : 'blkio', [limits.ioWeight]],
  ];
  return needs
    .filter(([, values]) => values.some((value) => (value ?? null) !== null))
    .map(([controller]) => controller);
}

/** cpuacct has no limits; version 1 counts CPU time there. io is called blkio in version 1. */
export type Controller = 'memory' | 'cpu' | 'pids' | 'cpuacct' | 'io' | 'blkio';
export const controllers: readonly Controller[] = ['memory', 'cpu', 'pids', 'cpuacct', 'io', 'blkio'];

/** The controllers that ordinary limits need and that are not in `usable`: only a weight needs io. */
export function missingControllers(usable: readonly string[]): Controller[] {
  return controllers.slice(0, 3).filter((controller) => !usable.includes(controller));
}
