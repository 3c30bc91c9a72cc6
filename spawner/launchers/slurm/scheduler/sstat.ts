// The arguments of sstat, and parsing its output. A malformed line is ignored; no requested field contains text that a
// user chooses. Not here: running it (commands.ts), how often (../../../usage/job-readings.ts).

/** What the steps of a job use, as Slurm sampled it last; null: not known. */
export interface JobUsage {
  /** Bytes. */
  readonly memory: number | null;
  /** Seconds of CPU since the start. */
  readonly cpu: number | null;
}

export function sstatArgv(ids: readonly string[]): string[] {
  return [
    ...['--noheader', '--parsable2', '--noconvert', '--allsteps'],
    ...[`--jobs=${ids.join(',')}`, '--format=JobID,NTasks,AveRSS,AveCPU'],
  ];
}

/** Whether Slurm samples what jobs use; `settings` by their names in `scontrol show config`. */
export function samplesUsage(settings: ReadonlyMap<string, string>): boolean {
  return !/^(?:jobacct_gather\/none|\(null\)|)$/.test(settings.get('JobAcctGatherType') ?? '');
}

/** 12.batch, 12.extern, 12.0: one line a step. */
const line = /^(\d{1,20})\.[a-z0-9+_]{1,32}\|(\d{0,9})\|([\d.]{0,24}[KMGTP]?)\|([\d:.-]{0,24})$/;

/** The jobs, by id, with the sum of their steps. */
export function parseUsage(output: string): ReadonlyMap<string, JobUsage> {
  const jobs = new Map<string, JobUsage>();
  for (const text of output.split('\n')) {
    const [, id, count = '', size = '', time = ''] = line.exec(text) ?? [];
    if (id === undefined) continue;
    const tasks = Math.max(1, Number(count));
    const before = jobs.get(id) ?? { memory: null, cpu: null };
    jobs.set(id, {
      memory: sum(before.memory, bytesOf(size), tasks),
      cpu: sum(before.cpu, secondsOf(time), tasks),
    });
  }
  return jobs;
}

/** sstat gives the average of the tasks of a step. */
function sum(before: number | null, average: number | null, tasks: number): number | null {
  return average === null ? before : (before ?? 0) + average * tasks;
}

const factors: Readonly<Record<string, number>> = {
  '': 1,
  K: 2 ** 10,
  M: 2 ** 20,
  G: 2 ** 30,
  T: 2 ** 40,
  P: 2 ** 50,
};

function bytesOf(text: string): number | null {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)([KMGTP]?)$/.exec(text) ?? [];
  return amount === undefined ? null : Math.round(Number(amount) * (factors[unit] ?? 1));
}

/** [DD-[HH:]]MM:SS, as in sstat(1), with or without fractions. */
function secondsOf(text: string): number | null {
  const [, days = '0', hours = '0', minutes, seconds] =
    /^(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)$/.exec(text) ?? [];
  if (minutes === undefined || seconds === undefined) return null;
  return ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds);
}
