// Where jobs report: a listener that answers nobody but jobs, each by a secret of its own, which is made from the
// record's id and a key in the state directory. Not here: what a report means (job.ts).
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, RequestListener } from 'node:http';
import { z } from 'zod';
import type { Report } from '../../../portwrap/index.ts';

export interface Reports {
  readonly listener: RequestListener;
  /** What the job of that record has to show. */
  secretOf(id: string): string;
  /** Hands the reports of a job on, until the returned function is called; then they are told to end. */
  expect(id: string, take: TakeReport): () => void;
}

/** `from`: the address that the report came from. */
export type TakeReport = (report: Report, from: string) => void;

const number = z.int().nonnegative();
const text = z.string().max(1000);
const reportSchema = z.discriminatedUnion('event', [
  z.object({
    event: z.literal('started'),
    job: z.string().regex(/^\d{1,20}$/),
    restarts: number,
    node: z.string().regex(/^[A-Za-z0-9_.-]{0,256}$/),
    host: z.ipv4(),
    port: z.int().min(1).max(65_535),
    pid: number,
    start_time: number,
    clock: number,
  }),
  z.object({ event: z.literal('ready') }),
  z.object({ event: z.literal('alive') }),
  z.object({ event: z.literal('log'), text: z.string() }),
  z.object({
    event: z.literal('ended'),
    code: z.int().min(0).max(255).nullable(),
    signal: z.string().max(16).nullable(),
    out_of_memory: z.boolean(),
    asked: z.boolean(),
  }),
  z.object({ event: z.literal('failed'), code: z.string().max(64), message: text, hint: text }),
]) satisfies z.ZodType<Report>;

/** The most that one report may hold: 256 KB of output, escaped. */
const bodyLimit = 2_097_152;

/** `isReady`: have the records of an earlier service been read? Before that nobody is known to be unwanted. */
export function createReports(key: string, isReady: () => boolean): Reports {
  const takers = new Map<string, TakeReport>();
  const secretOf = (id: string) => createHmac('sha256', key).update(id).digest('hex');
  const answer = async (request: IncomingMessage): Promise<number> => {
    const id = /^(?:\/[^?]*)?\/jobs\/([0-9a-f]{12})$/.exec(request.url ?? '')?.[1];
    if (id === undefined || request.method !== 'POST') return 400;
    const given = /^bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
    if (!isSame(given, secretOf(id))) return 401;
    const body = await readBody(request);
    if (body === null) return 413;
    const report = parse(body);
    if (report === null) return 400;
    const take = takers.get(id);
    if (take === undefined) return isReady() ? 410 : 503;
    take(report, (request.socket.remoteAddress ?? '').replace(/^::ffff:/, ''));
    return 204;
  };
  return {
    listener: (request, response) => {
      answer(request).then(
        (status) => {
          response.writeHead(status, { connection: 'close' }).end();
        },
        () => response.destroy(),
      );
    },
    secretOf,
    expect(id, take) {
      takers.set(id, take);
      return () => {
        if (takers.get(id) === take) takers.delete(id);
      };
    },
  };
}

function parse(body: string): Report | null {
  try {
    return reportSchema.safeParse(JSON.parse(body)).data ?? null;
  } catch {
    return null;
  }
}

async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bodyLimit) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function isSame(given: string, right: string): boolean {
  const digest = (value: string) => createHmac('sha256', 'compare').update(value).digest();
  return timingSafeEqual(digest(given), digest(right));
}
