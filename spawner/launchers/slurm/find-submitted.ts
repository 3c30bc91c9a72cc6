// Finds a job by its name, for a service that was killed after submitting it and before saving its number. While the
// scheduler is unreachable, the query is repeated, since the job may exist.
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from '../../../config/logger.ts';
import { backoff } from '../../../config/system/backoff.ts';
import type { JobPlacement } from '../../records/record.ts';
import type { SlurmCommands } from './scheduler/commands.ts';
import { phaseOf } from './scheduler/job-state.ts';

const firstPause = 500;
const longestPause = 10_000;

/** null: no such job exists. Rejects with the reason of `abort`. */
export async function findSubmitted(
  commands: Pick<SlurmCommands, 'named'>,
  name: string,
  abort: AbortSignal,
  log: Logger,
): Promise<JobPlacement | null> {
  const nextPause = backoff(firstPause, longestPause);
  for (;;) {
    try {
      const id = livingOf(await commands.named(name));
      if (id === null) return null;
      return { id, node: null, host: null, port: null, ends_at: null };
    } catch (error) {
      log.warn({ job: name, err: error }, 'could not ask Slurm about a job; trying again');
    }
    await pause(nextPause(), undefined, { signal: abort }).catch(() => abort.throwIfAborted());
  }
}

/** The number of the job that has not ended; null: none. */
export function livingOf(found: Awaited<ReturnType<SlurmCommands['named']>>): string | null {
  return found.find(({ state }) => phaseOf(state) !== 'ended')?.id ?? null;
}
