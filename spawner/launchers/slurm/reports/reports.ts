// Where jobs report: a listener that answers nobody but jobs, each by a secret of its own, which is made from the
// record's id and a key in the state directory. Not here: what a report means (launchers/slurm/job/job.ts).
import { createHmac } from 'node:crypto';
import type { IncomingMessage, RequestListener } from 'node:http';
import { z } from 'zod';
import { readBody } from '../../../../config/system/bounded-body.ts';
import { isSameSecret } from '../../../../config/system/same-secret.ts';
import type { Report } from '../../../../portwrap/index.ts';
import { createReportBudget, type ReportBudget } from './report-budget.ts';

export interface Reports {
  readonly listener: RequestListener;
  /** What the job of that record has to show. */
  secretOf(id: string): string;
  /** Hands the reports of a job on, until the returned function is called; then they are told to end. */
  expect(id: string, handle: HandleReport): () => void;
  /** Until the returned function is called, a job that nobody expects yet is told to repeat its reports, not to end. */
  hold(id: string): () => void;
}

/** `from`: the address that the report came from. */
export type HandleReport = (report: Report, from: string) => void;

/** As much as a job sends in one report (portwrap/job/report.ts). */
const mostOutput = 262_144;
/** That much output, escaped. */
const bodyLimit = 2_097_152;

const number = z.int().nonnegative();
/** Words that people will read. */
const text = z
  .string()
  .max(1000)
  .transform((said) => said.replaceAll(/\p{Cc}/gu, ' '));
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
  z.object({ event: z.literal('log'), text: z.string().max(mostOutput) }),
  z.object({
    event: z.literal('ended'),
    code: z.int().min(0).max(255).nullable(),
    signal: z
      .string()
      .regex(/^SIG[A-Z0-9+]{1,12}$/)
      .nullable(),
    out_of_memory: z.boolean(),
    asked: z.boolean(),
  }),
  z.object({ event: z.literal('failed'), code: z.string().max(64), message: text, hint: text }),
]) satisfies z.ZodType<Report>;

/** What is beyond these on the listener of reports is cut; a job repeats what was not answered. */
export const reportBounds = {
  connections: 2_000,
  headersTimeout: 5_000,
  requestTimeout: 20_000,
  maxHeaderSize: 16_384,
} as const;

/**
 * `isReady`: have the records of an earlier service been read? Before that nobody is known to be unwanted.
 * `now`: in milliseconds.
 */
export function createReports(
  key: string,
  isReady: () => boolean,
  now: () => number = () => performance.now(),
): Reports {
  const handlers = new Map<string, ReportHandler>();
  const held = new Set<string>();
  const secretOf = (id: string) => createHmac('sha256', key).update(id).digest('hex');
  const answer = async (request: IncomingMessage): Promise<number> => {
    const id = /^(?:\/[^?]*)?\/jobs\/([0-9a-f]{12})$/.exec(request.url ?? '')?.[1];
    if (id === undefined || request.method !== 'POST') return 400;
    const given = /^bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
    if (!isSameSecret(given, secretOf(id))) return 401;
    const handler = handlers.get(id);
    if (handler === undefined) return isReady() && !held.has(id) ? 410 : 503;
    if (!handler.budget.begin()) return 503;
    let size = 0;
    try {
      const body = await readBody(request, bodyLimit);
      size = body?.length ?? bodyLimit;
      if (body === null) return 413;
      const report = parse(body);
      if (report === null) return 400;
      // the body took its time: who is expected now?
      const { handle } = handlers.get(id) ?? {};
      handle?.(report, (request.socket.remoteAddress ?? '').replace(/^::ffff:/, ''));
      return handle === undefined ? 410 : 204;
    } finally {
      handler.budget.end(size);
    }
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
    expect(id, handle) {
      const handler = { handle, budget: createReportBudget(now) };
      handlers.set(id, handler);
      return () => {
        if (handlers.get(id) === handler) handlers.delete(id);
      };
    },
    hold(id) {
      held.add(id);
      return () => void held.delete(id);
    },
  };
}

interface ReportHandler {
  readonly handle: HandleReport;
  readonly budget: ReportBudget;
}

function parse(body: Buffer): Report | null {
  try {
    return reportSchema.safeParse(JSON.parse(body.toString('utf8'))).data ?? null;
  } catch {
    return null;
  }
}
