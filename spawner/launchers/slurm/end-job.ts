// Ending a job: its script is asked, then told not to wait, then Slurm ends it. Never given up: while the scheduler
// cannot be asked, it is asked again. Not here: noticing that it has ended (job.ts).
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from '../../../config/logger.ts';
import type { SlurmCommands } from './commands.ts';
import type { Job } from './job.ts';
import type { QueueWatch } from './queue-watch.ts';

export interface JobEnding {
  /** Asks it to end, and after `grace` milliseconds kills it. Settles when nothing of it runs. */
  stop(grace: number): Promise<void>;
}

interface EndJobInput {
  readonly job: Job;
  readonly commands: Pick<SlurmCommands, 'cancel'>;
  readonly queue: Pick<QueueWatch, 'soon'>;
  readonly log: Logger;
}

/** Milliseconds that a job has to tell its end, beyond what its server has. */
const tellGrace = 3_000;
const firstPause = 1_000;
const longestPause = 10_000;

export function createJobEnding({ job, commands, queue, log }: EndJobInput): JobEnding {
  const gone = job.ended.then(
    () => {},
    () => {},
  );
  let over = false;
  void gone.then(() => {
    over = true;
  });
  let hurry = new AbortController();
  let ending: Promise<void> | null = null;

  const attempt = async (signal?: 'TERM' | 'USR1' | 'KILL'): Promise<boolean> => {
    try {
      await commands.cancel(job.id, signal);
      return true;
    } catch (error) {
      log.warn({ job: job.id, err: error }, 'Slurm could not be asked to end a job; asking again');
      return false;
    } finally {
      queue.soon();
    }
  };
  const wait = (milliseconds: number) =>
    Promise.race([gone, pause(milliseconds, undefined, { signal: hurry.signal }).catch(() => {})]);
  const canBeAsked = () => !(over || job.isPending);

  const run = async (grace: number) => {
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
    for (let interval = firstPause; !over; interval = Math.min(interval * 2, longestPause)) {
      if (canBeAsked()) await attempt('KILL');
      await attempt();
      await wait(interval);
    }
  };
  return {
    async stop(grace) {
      if (grace === 0) hurry.abort();
      ending ??= run(grace);
      await ending;
    },
  };
}
