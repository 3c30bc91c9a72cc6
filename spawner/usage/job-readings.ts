// What servers in Slurm jobs use, from sstat: one call for all of them, seldom, in the background.
// Not here: servers on this machine (cache.ts), the call (launchers/slurm/scheduler/).
import { type PortwrapError, toPortwrapError } from '../../config/errors.ts';
import type { Logger } from '../../config/logger.ts';
import type { JobPlacement, ServerRecord } from '../records/record.ts';
import { withPatience } from '../system/with-patience.ts';
import type { UsageReading, UsageReadings } from './cache.ts';

export interface JobUsageSource {
  /** By the number of the job; a job that is not known is not in it. */
  usage(ids: readonly string[]): Promise<ReadonlyMap<string, { memory: number | null; cpu: number | null }>>;
  /** Whether Slurm samples what jobs use. */
  samplesUsage(): Promise<boolean>;
}

export interface JobReadingsInput {
  readonly source: JobUsageSource;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  readonly now?: () => number;
}

/** Milliseconds. Slurm itself samples every 30 s, unless JobAcctGatherFrequency says otherwise. */
const freshFor = 30_000;
/** Between two calls, whoever asks for which job; a job that has just begun has no sample yet. */
const leastPause = 5_000;
/** How long a reader waits for it; later it is there for the next one. */
const mostPatience = 1_000;
/** Jobs in one call: an argument is limited to 128 KB (execve(2)). */
const mostJobs = 5_000;

/** `local` with the readings of jobs beside its own. */
export function withJobReadings(local: UsageReadings, input: JobReadingsInput): UsageReadings {
  const jobs = createJobReadings(input);
  return {
    of: (record) => (record.job === null ? local.of(record) : jobs.of(record.job)),
    async refresh(records) {
      await Promise.all([local.refresh(records), jobs.refresh(records.flatMap(runningJob))]);
    },
  };
}

function runningJob({ job, state }: ServerRecord): JobPlacement[] {
  return job === null || job.node === null || state === 'exited' ? [] : [job];
}

interface JobReadings {
  of(job: JobPlacement): UsageReading | null;
  refresh(jobs: readonly JobPlacement[]): Promise<void>;
}

function createJobReadings({ source, log, now = Date.now }: JobReadingsInput): JobReadings {
  // by the job, which a record has as long as it is there
  const readings = new WeakMap<JobPlacement, UsageReading>();
  const asked = new WeakMap<JobPlacement, number>();
  const wanted = new Set<JobPlacement>();
  let running: Promise<void> | null = null;
  let last = Number.NEGATIVE_INFINITY;
  /** null: not known yet. */
  let isSampled: boolean | null = null;
  let isTold = false;

  const isDue = (job: JobPlacement) =>
    Math.abs(now() - (asked.get(job) ?? 0)) >= (readings.has(job) ? freshFor : leastPause);

  const give = (job: JobPlacement, used: { memory: number | null; cpu: number | null } | undefined) => {
    if (used === undefined || (used.memory === null && used.cpu === null)) readings.delete(job);
    else {
      const usage = { ...used, processes: null, outOfMemoryKills: 0 };
      readings.set(job, { time: now(), usage, limits: { memory: null, cpus: null } });
    }
  };

  const ask = async (jobs: readonly JobPlacement[]) => {
    for (const job of jobs) asked.set(job, now());
    isSampled ??= await samples();
    for (let at = 0; isSampled && at < jobs.length; at += mostJobs) {
      const some = jobs.slice(at, at + mostJobs);
      const used = await source.usage(some.map(({ id }) => id));
      for (const job of some) give(job, used.get(job.id));
    }
    if (isSampled) isTold = false;
  };

  const samples = async () => {
    const answer = await source.samplesUsage();
    if (!answer)
      log.info(
        'Slurm does not sample what jobs use (JobAcctGatherType), so the usage of their servers is unknown',
      );
    return answer;
  };

  const failed = (cause: unknown) => {
    const { code, message: reason }: PortwrapError = toPortwrapError(cause);
    if (code === 'TOOL_MISSING') isSampled = false;
    if (!isTold) log.warn({ code, reason }, 'the usage of servers in Slurm jobs is unknown');
    isTold = true;
  };

  return {
    of: (job) => readings.get(job) ?? null,
    async refresh(jobs) {
      if (isSampled === false) return;
      for (const job of jobs) if (isDue(job)) wanted.add(job);
      if (running === null && wanted.size > 0 && Math.abs(now() - last) >= leastPause) {
        const due = [...wanted];
        wanted.clear();
        last = now();
        running = ask(due)
          .catch(failed)
          .finally(() => {
            running = null;
          });
      }
      if (running !== null) await withPatience(running, mostPatience);
    },
  };
}
