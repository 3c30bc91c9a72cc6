// The arguments of squeue, and parsing its output strictly: a malformed line gives no information on its job, and does
// not affect other jobs. No requested field contains text that a user chooses, such as a job's name, which could
// imitate another line. Not here: the effects on a job (launchers/slurm/job/job.ts).
import { z } from 'zod';

export interface Queue {
  readonly jobs: readonly QueueEntry[];
  /** The ids of jobs that are listed with a malformed line. */
  readonly unreadable: ReadonlySet<string>;
}

export interface QueueEntry {
  /** A number; ids of array tasks and parts of jobs contain more, and are never ours. */
  readonly id: string;
  /** By Slurm's name (job-state.ts). */
  readonly state: string;
  /** The reason why it waits, or why it ended. */
  readonly reason: string;
  /** The node of its script; null before it has one. */
  readonly node: string | null;
  readonly partition: string;
  readonly priority: number;
  /** Its actual or expected start, in seconds since 1970; null: unknown to Slurm. */
  readonly start: number | null;
  /** When its time limit expires. */
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
/** Lists of nodes and of partitions have unlimited length; they are only displayed. */
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

/** Throws Error naming a line without a job id, or a truncated one: then the output is incomplete. */
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

/** For each pending job, the number of jobs before it in its partition. */
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

/** Parses the output for squeueByNameArgv(), without arrays. Throws Error naming a malformed line. */
export function parseNumbers(output: string): { id: string; state: string }[] {
  return linesOf(output).flatMap((text) => {
    const [, id = '', state = ''] = /^([^|]+)\|([A-Z_]+)$/.exec(text) ?? [];
    if (!jobId.test(id)) throw unexpected(text);
    return /^\d+$/.test(id) ? [{ id, state }] : []; // another user may have given this name to an array
  });
}

function linesOf(output: string): string[] {
  return output.split('\n').filter((text) => text !== '');
}

function unexpected(line: string): Error {
  return new Error(`unexpected output of squeue: ${JSON.stringify(line.slice(0, 200))}`);
}
