// What a sandbox may use of the machine. Not here: enforcing it (cgroup.ts, launch/gate.ts).

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

/** cpuacct limits nothing; version 1 counts CPU time there. */
export type Controller = 'memory' | 'cpu' | 'pids' | 'cpuacct';
export const controllers: readonly Controller[] = ['memory', 'cpu', 'pids', 'cpuacct'];

/** Those that limits can need, and that are not among `usable`. */
export function missingControllers(usable: readonly string[]): Controller[] {
  return controllers.filter((controller) => controller !== 'cpuacct' && !usable.includes(controller));
}
