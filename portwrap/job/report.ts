// Sends the reports of a job to its service: in order, each repeated until it is accepted, so that a service that
// restarts misses none. Not here: the reports (protocol.ts, run.ts).
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { backoff } from '../../config/system/backoff.ts';
import { withDeadline } from '../system/deadline.ts';
import type { Report, ReportTarget } from './protocol.ts';

export interface Reporter {
  tell(report: Report): void;
  /** Reports output of the server; output during a pending report goes into the next one. */
  log(chunk: Buffer): void;
  /** Settles when the service responds that this server is no longer wanted. */
  readonly unwanted: Promise<void>;
  /** Settles when all reports were accepted, or after `milliseconds`. */
  drained(milliseconds: number): Promise<void>;
  close(): void;
}

/** Bytes of output that are kept for the service; older output is dropped first. */
const mostWaiting = 262_144;
const firstPause = 100;
const longestPause = 5_000;
const answerTimeout = 10_000;

export function createReporter(target: ReportTarget): Reporter {
  const queue: Report[] = [];
  const closed = new AbortController();
  let output: Buffer[] = [];
  let sending: Promise<void> | null = null;
  let refuse = () => {};
  const unwanted = new Promise<void>((resolve) => {
    refuse = resolve;
  });
  const next = (): Report | undefined => {
    if (output.length === 0) return queue.shift();
    const text = lastBytes(Buffer.concat(output), mostWaiting).toString('utf8');
    output = [];
    return { event: 'log', text };
  };
  const send = async () => {
    for (let report = next(); report !== undefined; report = next()) {
      const nextPause = backoff(firstPause, longestPause);
      while (!closed.signal.aborted) {
        const status = await post(target, report);
        if (status === 404 || status === 410) refuse();
        // 4xx: repeating is useless, except for 401: a service that restarts may not know the secret yet
        if (status !== null && status < 500 && status !== 401) break;
        await pause(nextPause(), undefined, { signal: closed.signal }).catch(() => {});
      }
    }
  };
  const wake = () => {
    sending ??= send().finally(() => {
      sending = null;
    });
  };
  const heart = setInterval(() => {
    if (queue.length > 0) return;
    queue.push({ event: 'alive' });
    wake();
  }, target.heartbeat);
  return {
    tell(report) {
      queue.push(report);
      wake();
    },
    log(chunk) {
      output.push(chunk);
      if (output.length > 64) output = [lastBytes(Buffer.concat(output), mostWaiting)];
      wake();
    },
    unwanted,
    async drained(milliseconds) {
      clearInterval(heart);
      if (sending !== null)
        await withDeadline(sending, milliseconds, () => new Error('late')).catch(() => {});
    },
    close() {
      clearInterval(heart);
      closed.abort();
    },
  };
}

/** Sends one report, once. Returns the status of the response; null without one. */
export async function post(
  target: Pick<ReportTarget, 'url' | 'secret'>,
  report: object,
): Promise<number | null> {
  const body = JSON.stringify(report);
  const url = new URL(target.url);
  // loading TLS takes longer than the rest of a report, and most services use plain HTTP inside their network
  const request = url.protocol === 'https:' ? (await import('node:https')).request : httpRequest;
  return new Promise((resolve) => {
    const call = request(
      url,
      {
        method: 'POST',
        agent: false,
        timeout: answerTimeout,
        headers: {
          authorization: `Bearer ${target.secret}`,
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
        },
      },
      (response: IncomingMessage) => {
        response.resume();
        response.once('end', () => resolve(response.statusCode ?? null));
      },
    );
    call.once('timeout', () => call.destroy());
    call.once('error', () => resolve(null));
    call.once('close', () => resolve(null));
    call.end(body);
  });
}

function lastBytes(bytes: Buffer, most: number): Buffer {
  return bytes.length <= most ? bytes : bytes.subarray(bytes.length - most);
}
