// The resource limits of a sandbox. Not here: enforcing them (cgroup.ts, launch/gate.ts).

export interface Limits {
  /** Bytes of memory, swap included; null: no limit. */
  readonly memory: number | null;
  /** CPUs, such as 1.5; null: no limit. */
  readonly cpus: number | null;
  /** Processes and threads; null: no limit. */
  readonly processes: number | null;
  /** Open files of each process. */
  readonly openFiles: number;
}

export const noLimits: Limits = { memory: null, cpus: null, processes: null, openFiles: 1024 };

/** The controllers that these limits need. */
export function neededControllers(limits: Limits): Controller[] {
  const needs: [Controller, number | null][] = [
    ['memory', limits.memory],
    ['cpu', limits.cpus],
    ['pids', limits.processes],
  ];
  return needs.filter(([, limit]) => limit !== null).map(([controller]) => controller);
}

/** cpuacct has no limits; version 1 counts CPU time there. */
export type Controller = 'memory' | 'cpu' | 'pids' | 'cpuacct';
export const controllers: readonly Controller[] = ['memory', 'cpu', 'pids', 'cpuacct'];

/** The controllers that limits may need and that are not in `usable`. */
export function missingControllers(usable: readonly string[]): Controller[] {
  return controllers.filter((controller) => controller !== 'cpuacct' && !usable.includes(controller));
}
