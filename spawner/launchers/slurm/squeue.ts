// What squeue is asked for, and its answer, parsed strictly: an answer that is not as expected is no answer. No field
// holds text that a user chooses, such as a job's name: it could pretend to be another line.
import { z } from 'zod';

export interface QueueEntry {
  readonly id: string;
  /** As Slurm names it (job-state.ts). */
  readonly state: string;
  /** Why it waits, or why it ended. */
  readonly reason: string;
  /** The node of its script; null before it has one. */
  readonly node: string | null;
  readonly partition: string;
  readonly priority: number;
  /** When it began or is expected to, in seconds since 1970; null: Slurm does not know. */
  readonly start: number | null;
  /** When its time limit ends it. */
  readonly end: number | null;
}

/** SLURM_TIME_FORMAT=%s makes times numbers. Jobs that have ended are listed for MinJobAge seconds. */
export const squeueArgv = ['--noheader', '--states=all', '--format=%i|%T|%r|%B|%P|%Q|%S|%e'];

export function squeueByNameArgv(name: string): string[] {
  return ['--noheader', '--states=all', `--name=${name}`, '--format=%i|%T'];
}

const time = z.string().transform((text) => (/^\d{1,12}$/.test(text) ? Number(text) : null));
const line = z.tuple([
  z.string().regex(/^[\d_[\]+%,-]{1,100}$/), // of an array or a heterogeneous job too, which are not ours
  z.string().regex(/^[A-Z_]{2,32}$/),
  z.string().max(1000),
  z.string().max(256),
  z.string().max(1000),
  z
    .string()
    .regex(/^\d{1,20}$/)
    .transform(Number),
  time,
  time,
]);

/** Throws Error naming the line that is not as expected. */
export function parseQueue(output: string): QueueEntry[] {
  return output
    .split('\n')
    .filter((text) => text !== '')
    .map((text) => {
      const parsed = line.safeParse(text.split('|'));
      if (!parsed.success) throw new Error(`squeue said ${JSON.stringify(text.slice(0, 200))}`);
      const [id, state, reason, host, partition, priority, start, end] = parsed.data;
      const node = host === 'n/a' || host === '' ? null : host;
      return { id, state, reason, node, partition, priority, start, end };
    });
}

/** For each pending job, how many of its partition are before it. */
export function jobsBefore(queue: readonly QueueEntry[]): ReadonlyMap<string, number> {
  const pending = queue.filter(({ state }) => state === 'PENDING');
  const inOrder = pending.sort((a, b) => b.priority - a.priority || Number(a.id) - Number(b.id));
  const counted = new Map<string, number>();
  return new Map(
    inOrder.map(({ id, partition }) => {
      const before = counted.get(partition) ?? 0;
      counted.set(partition, before + 1);
      return [id, before];
    }),
  );
}

/** The answer to squeueByNameArgv(). Throws Error naming the line that is not as expected. */
export function parseNumbers(output: string): { id: string; state: string }[] {
  return output
    .split('\n')
    .filter((text) => text !== '')
    .map((text) => {
      const [, id, state] = /^(\d+)\|([A-Z_]+)$/.exec(text) ?? [];
      if (id === undefined || state === undefined)
        throw new Error(`squeue said ${JSON.stringify(text.slice(0, 200))}`);
      return { id, state };
    });
}
