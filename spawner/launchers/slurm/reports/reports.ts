// The listener for reports of jobs. It accepts only jobs; each has its own secret, derived from the record's id and a
// key in the state directory. Not here: handling a report (launchers/slurm/job/job.ts).
import { createHmac } from 'node:crypto';
import type { IncomingMessage, RequestListener } from 'node:http';
import { z } from 'zod';
import { readBody } from '../../../../config/system/bounded-body.ts';
import { isSameSecret } from '../../../../config/system/same-secret.ts';
import type { Report } from '../../../../portwrap/index.ts';
import { createReportBudget, type ReportBudget } from './report-budget.ts';

export interface Reports {
  readonly listener: RequestListener;
  /** The secret with which the job of that record authenticates. */
  secretOf(id: string): string;
  /** Passes on the reports of a job until the returned function is called; after that the job is asked to end. */
  expect(id: string, handle: HandleReport): () => void;
  /** Until the returned function is called, a job that is not expected yet is asked to repeat its reports, not end. */
  hold(id: string): () => void;
}

/** `from`: the source address of the report. */
export type HandleReport = (report: Report, from: string) => void;

/** The most output that a job sends in one report (portwrap/job/report.ts). */
const mostOutput = 262_144;
/** The same output, escaped as JSON. */
const bodyLimit = 2_097_152;

const number = z.int().nonnegative();
/** Text that people will read. */
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

/** Connections beyond these limits are closed; a job repeats reports that got no response. */
export const reportBounds = {
  connections: 2_000,
  headersTimeout: 5_000,
  requestTimeout: 20_000,
  maxHeaderSize: 16_384,
} as const;

/**
 * `isReady`: whether the records of an earlier service have been read. Before that no job is known to be unwanted.
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
      // the handler may have changed while the body was read
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
