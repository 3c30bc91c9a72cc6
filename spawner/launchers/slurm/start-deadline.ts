// Limits how long a job may wait before its server runs: queue_timeout, counted from the request of the start, even
// across a restart of the service. Not here: ending the job (launcher.ts).
import { PortwrapError } from '../../../config/errors.ts';
import type { ServerRecord } from '../../records/record.ts';

/** The minimum seconds after a restart: a job that began meanwhile repeats its report within this time. */
const leastAfterRestart = 20;
/** Milliseconds. setTimeout() fires at once for a longer time. */
const longestTimer = 2_147_483_647;

/** The seconds left; `now` in milliseconds since 1970. Setting the clock back does not extend the limit. */
export function secondsLeft(
  { queue_timeout: limit, started }: Pick<ServerRecord, 'queue_timeout' | 'started'>,
  now: number,
): number | null {
  if (limit === null) return null;
  const waited = Math.max(0, now - Date.parse(started)) / 1000;
  return Math.max(limit - waited, leastAfterRestart);
}

export interface StartDeadline {
  /** Rejects with JOB_NOT_STARTED. Never resolves. Handled. */
  readonly passed: Promise<never>;
  clear(): void;
}

/** `seconds` from now; null: never. */
export function createStartDeadline(seconds: number | null, id: string): StartDeadline {
  let timer: NodeJS.Timeout | undefined;
  const passed = new Promise<never>((_, reject) => {
    if (seconds === null) return;
    const due = performance.now() + seconds * 1000;
    const message = `the Slurm job ${id} did not start within its queue_timeout`;
    const arm = () => {
      const left = due - performance.now();
      if (left > 0) timer = setTimeout(arm, Math.min(left, longestTimer));
      else reject(new PortwrapError('JOB_NOT_STARTED', message));
    };
    arm();
  });
  passed.catch(() => {});
  return { passed, clear: () => clearTimeout(timer) };
}
