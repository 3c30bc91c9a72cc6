// How a job ended, from sacct, for jobs that squeue no longer lists. One call at a time for all of
// them. A database that lags behind is queried again; one that does not respond, only until a deadline.
// Not here: handling the result (launchers/slurm/job/job.ts).
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises';
import type { PortwrapError } from '../../../../config/errors.ts';
import type { Logger } from '../../../../config/logger.ts';
import { backoff } from '../../../../config/system/backoff.ts';
import type { SlurmCommands } from './commands.ts';
import { phaseOf } from './job-state.ts';
import type { Accounted } from './sacct.ts';

export interface Accounting {
  /**
   * The end of the job that was submitted for a start requested at `requested` (milliseconds since 1970); null: the
   * database does not contain it, does not exist, or cannot be read. Never rejects.
   */
  endOf(id: string, requested: number): Promise<Accounted | null>;
}

/** Milliseconds: from the first query to the last, and between two. */
const defaultPaces = { patience: 15_000, firstPause: 500, longestPause: 4_000 };
/** Milliseconds by which the controller's clock may be behind ours. Job numbers do not restart that soon. */
const slack = 600_000;
/** Jobs in one call: an argument is limited to 128 KB (execve(2)). */
const mostJobs = 5_000;

export function createAccounting(
  commands: Pick<SlurmCommands, 'accounts'>,
  log: Logger,
  { patience, firstPause, longestPause } = defaultPaces,
): Accounting {
  let last: Promise<unknown> = Promise.resolve();
  let next: Question | null = null;

  /** Queries that arrive during a call share the next call. */
  const ask = (id: string): Question['answer'] => {
    if (next === null || next.ids.size >= mostJobs) next = question();
    next.ids.add(id);
    return next.answer;
  };
  const question = (): Question => {
    const ids = new Set<string>();
    // one poll of the queue may miss many jobs at once
    const begun = last.then(() => turn());
    const answer = begun.then(() => {
      if (next?.ids === ids) next = null;
      return commands.accounts([...ids]);
    });
    last = answer.catch(() => {});
    return { ids, answer };
  };

  return {
    async endOf(id, requested) {
      const isOlder = ({ submitted }: Accounted) => submitted * 1000 < requested - slack;
      const late = performance.now() + patience;
      const nextPause = backoff(firstPause, longestPause);
      for (;;) {
        try {
          const accounts = await ask(id);
          if (accounts === null) return null;
          const found = accounts.get(id);
          // numbers restart, so it may be an old job of another user
          if (found !== undefined && !isOlder(found) && phaseOf(found.state) === 'ended') return found;
        } catch (error) {
          log.warn({ job: id, err: error }, 'could not get the end of a job from sacct');
          if ((error as PortwrapError).code === 'TOOL_MISSING') return null;
        }
        const wait = nextPause();
        if (performance.now() + wait > late) return null;
        await pause(wait);
      }
    },
  };
}

interface Question {
  readonly ids: Set<string>;
  readonly answer: ReturnType<SlurmCommands['accounts']>;
}
