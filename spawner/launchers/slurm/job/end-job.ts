// Ends a job: signals its script to stop, then to stop at once, then lets Slurm cancel the job. Never gives up: repeats
// requests while the scheduler is unreachable. Not here: detecting the end (job.ts).
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from '../../../../config/logger.ts';
import { backoff } from '../../../../config/system/backoff.ts';
import type { SlurmCommands } from '../scheduler/commands.ts';
import type { QueueWatch } from '../scheduler/queue-watch.ts';
import type { Job } from './job.ts';

export interface JobEnding {
  /** Requests its end, and after `grace` milliseconds kills it. Settles when none of its processes runs. */
  stop(grace: number): Promise<void>;
}

interface EndJobInput {
  readonly job: Job;
  readonly commands: Pick<SlurmCommands, 'cancel'>;
  readonly queue: Pick<QueueWatch, 'soon'>;
  readonly log: Logger;
}

/** Milliseconds: time for a job to report its end, in addition to its server's grace; first pause before a retry. */
const defaultPaces = { tellGrace: 3_000, firstPause: 1_000 };
const longestPause = 10_000;

export function createJobEnding(
  { job, commands, queue, log }: EndJobInput,
  { tellGrace, firstPause } = defaultPaces,
): JobEnding {
  const told = job.ended.then(
    () => {},
    () => {},
  );
  let isGone = false;
  void job.gone.then(() => {
    isGone = true;
  });
  let hurry = new AbortController();
  let ending: Promise<void> | null = null;

  const attempt = async (signal?: 'TERM' | 'USR1' | 'KILL'): Promise<boolean> => {
    try {
      await commands.cancel(job.id, signal);
      return true;
    } catch (error) {
      log.warn({ job: job.id, err: error }, 'could not cancel a job; trying again');
      return false;
    } finally {
      queue.soon();
    }
  };
  const wait = (milliseconds: number) =>
    Promise.race([told, pause(milliseconds, undefined, { signal: hurry.signal }).catch(() => {})]);
  const canBeAsked = () => !(job.hasEnded || job.isPending);

  const run = async (grace: number) => {
    if (job.hasEnded) return confirm();
    job.expectEnd();
    if (grace > 0) {
      while (canBeAsked() && !hurry.signal.aborted && !(await attempt('TERM'))) await wait(firstPause);
      if (canBeAsked()) await wait(grace + tellGrace);
    }
    hurry = new AbortController();
    if (canBeAsked()) {
      await attempt('USR1');
      await wait(tellGrace);
    }
    const nextPause = backoff(firstPause, longestPause);
    while (!job.hasEnded) {
      await cancel();
      await Promise.race([told, pause(nextPause())]);
    }
    await confirm();
  };
  /**
   * The job's own report of its end is not trusted: wait for Slurm to confirm, otherwise cancel the job. If Slurm
   * reports a cancellation afterwards, it is ours.
   */
  const confirm = async () => {
    if (!isGone) await Promise.race([job.gone, job.lost.catch(() => {}), pause(tellGrace)]);
    job.expectEnd();
    const nextPause = backoff(firstPause, longestPause);
    while (!isGone && !(await cancel())) await Promise.race([job.gone, pause(nextPause())]);
    job.leave();
  };
  const cancel = async () => {
    if (!job.isPending) await attempt('KILL');
    return attempt();
  };
  return {
    async stop(grace) {
      if (grace === 0) hurry.abort();
      ending ??= run(grace);
      await ending;
    },
  };
}
