// What squeue is asked for, and its answer, parsed strictly: a line that is not as expected tells nothing of its job,
// and nothing against any other job. No field holds text that a user chooses, such as a job's name: it could pretend to
// be another line. Not here: what a line means (launchers/slurm/job/job.ts).
import { z } from 'zod';

export interface Queue {
  readonly jobs: readonly QueueEntry[];
  /** Listed, with a line from which nothing follows. By their ids. */
  readonly unreadable: ReadonlySet<string>;
}

export interface QueueEntry {
  /** A number; that of an array or of a part of a job has more to it, and is none of ours. */
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
/** 12; and 12_3, 12_[0-9:4%2], 12_[1,3,... (cut at 64 bytes), 12+1, 12.batch: tasks, parts and steps of jobs. */
const jobId = /^\d{1,20}(?:[_+.].*)?$/;
/** Lists of nodes and of partitions have no bound; they are only shown. */
const words = z.string().transform((text) => text.slice(0, 1000));
const line = z.tuple([
  z.string().regex(jobId),
  z.string().regex(/^[A-Z_]{2,32}$/),
  words,
  z.string().max(256),
  words,
  z
    .string()
    .regex(/^\d{1,20}$/)
    .transform(Number),
  time,
  time,
]);

const fieldsAskedFor = 8;

/** Throws Error naming a line that is of no job, or was cut off: then the answer is not all there. */
export function parseQueue(output: string): Queue {
  const jobs: QueueEntry[] = [];
  const unreadable = new Set<string>();
  for (const text of linesOf(output)) {
    const fields = text.split('|');
    const [name = ''] = fields;
    if (!jobId.test(name) || fields.length < fieldsAskedFor) throw unexpected(text);
    const parsed = line.safeParse(fields);
    if (!parsed.success) {
      unreadable.add(name);
      continue;
    }
    const [id, state, reason, host, partition, priority, start, end] = parsed.data;
    const node = host === 'n/a' || host === '' ? null : host;
    jobs.push({ id, state, reason, node, partition, priority, start, end });
  }
  return { jobs, unreadable };
}

/** For each pending job, how many of its partition are before it. */
export function jobsBefore(queue: readonly QueueEntry[]): ReadonlyMap<string, number> {
  const pending = queue.filter(({ state }) => state === 'PENDING');
  const inOrder = pending.sort(
    (a, b) => b.priority - a.priority || Number.parseInt(a.id, 10) - Number.parseInt(b.id, 10),
  );
  const counted = new Map<string, number>();
  return new Map(
    inOrder.map(({ id, partition }) => {
      const before = counted.get(partition) ?? 0;
      counted.set(partition, before + 1);
      return [id, before];
    }),
  );
}

/** The answer to squeueByNameArgv(), without arrays. Throws Error naming the line that is not as expected. */
export function parseNumbers(output: string): { id: string; state: string }[] {
  return linesOf(output).flatMap((text) => {
    const [, id = '', state = ''] = /^([^|]+)\|([A-Z_]+)$/.exec(text) ?? [];
    if (!jobId.test(id)) throw unexpected(text);
    return /^\d+$/.test(id) ? [{ id, state }] : []; // whoever else has given a job of his that name
  });
}

function linesOf(output: string): string[] {
  return output.split('\n').filter((text) => text !== '');
}

function unexpected(line: string): Error {
  return new Error(`unexpected output of squeue: ${JSON.stringify(line.slice(0, 200))}`);
}
