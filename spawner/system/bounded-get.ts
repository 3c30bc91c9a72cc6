// GET from an untrusted server: follows no redirect, and bounds time and length of the response.
// node:http, since undici costs the service 19 MB, and the built-in fetch has no bound for the length.
import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { readBody } from '../../config/system/bounded-body.ts';

export interface BoundedGet {
  readonly headers: Readonly<Record<string, string>>;
  /** Milliseconds for all of it. */
  readonly timeout: number;
  readonly mostBytes: number;
  /** For several requests to one server over one connection; without it each has its own. */
  readonly agent?: HttpAgent;
}

export interface BoundedAnswer {
  readonly status: number;
  readonly text: string;
  /** Where a redirect leads; it is not followed. */
  readonly location: string | undefined;
}

/** Rejects when there is no answer in time, or it is too long. */
export function boundedGet(url: string, options: BoundedGet): Promise<BoundedAnswer> {
  const { headers: sent, timeout, mostBytes, agent = false } = options;
  return new Promise((resolve, reject) => {
    const request = isHttps(url) ? requestHttps : requestHttp;
    let isAnswered = false;
    const outgoing = request(url, { headers: sent, agent }, (answer) => {
      isAnswered = true;
      const { statusCode: status = 0, headers } = answer;
      const { location } = headers;
      textOf(answer, mostBytes).then((text) => resolve({ status, text, location }), reject);
    });
    const late = () => outgoing.destroy(new Error(`no response within ${timeout} ms`));
    const timer = setTimeout(late, timeout);
    outgoing.once('error', reject);
    outgoing.once('close', () => {
      clearTimeout(timer);
      // node:http reports an unrequested 101 neither as a response nor as an error
      if (!isAnswered) reject(new Error('the connection was closed without a response'));
    });
    outgoing.end();
  });
}

/** One connection to where `url` leads, used again and closed with destroy(). */
export function singleConnection(url: string): HttpAgent {
  const options = { keepAlive: true, maxSockets: 1 };
  return isHttps(url) ? new HttpsAgent(options) : new HttpAgent(options);
}

function isHttps(url: string): boolean {
  return url.startsWith('https:');
}

async function textOf(answer: IncomingMessage, mostBytes: number): Promise<string> {
  const body = await readBody(answer, mostBytes);
  if (body !== null) return body.toString('utf8');
  answer.destroy();
  throw new Error(`the response is longer than ${mostBytes} bytes`);
}
