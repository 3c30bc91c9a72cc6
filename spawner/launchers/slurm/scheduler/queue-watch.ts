// Polls the queue: one squeue for all servers at an interval, and none without servers. A failed poll is reported as
// unknown, never as an absent job. Not here: the effects on a server (launchers/slurm/job/job.ts).
import { PortwrapError } from '../../../../config/errors.ts';
import type { SlurmCommands } from './commands.ts';
import { jobsBefore, type Queue, type QueueEntry } from './squeue.ts';

/** The result of a poll for one job. */
export type QueueObservation =
  | { readonly kind: 'seen'; readonly entry: QueueEntry; readonly before: number }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unknown'; readonly error: PortwrapError };

export interface QueueWatch {
  /** Calls `show` for the job at every poll that begins from now on; returns the function that ends this. */
  watch(id: string, show: (observation: QueueObservation) => void): () => void;
  /** Polls soon, because a change is expected. */
  soon(): void;
  close(): void;
}

/** Minimum milliseconds between two polls, however many servers request one. */
const leastPause = 500;

export function createQueueWatch(commands: Pick<SlurmCommands, 'queue'>, interval: number): QueueWatch {
  const watchers = new Map<string, Set<(observation: QueueObservation) => void>>();
  let timer: NodeJS.Timeout | null = null;
  let due = 0;
  let last = 0;
  let looking = false;
  let wanted = false;
  let closed = false;

  const plan = (milliseconds: number) => {
    if (closed || watchers.size === 0) return;
    const at = Math.max(Date.now() + milliseconds, last + leastPause);
    if (looking) {
      wanted ||= milliseconds < interval;
      return;
    }
    if (timer !== null && due <= at) return;
    clearTimeout(timer ?? undefined);
    due = at;
    timer = setTimeout(look, at - Date.now());
  };
  const look = async () => {
    timer = null;
    looking = true;
    wanted = false;
    // a job that is submitted while squeue runs may be missing from its output
    const asked = [...watchers].map(([id, shows]) => [id, [...shows]] as const);
    const observationOf = await commands.queue().then(
      (queue) => observations(queue),
      (error: PortwrapError) => (): QueueObservation => ({ kind: 'unknown', error }),
    );
    last = Date.now();
    looking = false;
    for (const [id, shows] of asked) {
      for (const show of shows) if (watchers.get(id)?.has(show)) show(observationOf(id));
    }
    plan(wanted ? 0 : interval);
  };
  return {
    watch(id, show) {
      const shows = watchers.get(id) ?? new Set();
      watchers.set(id, shows.add(show));
      plan(0);
      return () => {
        shows.delete(show);
        if (shows.size === 0) watchers.delete(id);
        if (watchers.size === 0 && timer !== null) {
          clearTimeout(timer);
          timer = null;
        }
      };
    },
    soon: () => plan(0),
    close() {
      closed = true;
      if (timer !== null) clearTimeout(timer);
      watchers.clear();
    },
  };
}

function observations({ jobs, unreadable }: Queue): (id: string) => QueueObservation {
  const before = jobsBefore(jobs);
  const byId = new Map(jobs.map((entry) => [entry.id, entry]));
  return (id) => {
    if (unreadable.has(id)) {
      const message = `squeue printed a line for the job ${id} that this version cannot parse`;
      return { kind: 'unknown', error: new PortwrapError('SCHEDULER_UNREACHABLE', message) };
    }
    const entry = byId.get(id);
    if (entry === undefined) return { kind: 'absent' };
    return { kind: 'seen', entry, before: before.get(id) ?? 0 };
  };
}
