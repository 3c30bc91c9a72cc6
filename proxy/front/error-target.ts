// Asks the --error-target (a hub, usually) for the page that goes with a status.
// Not here: what is shown when it does not answer (error-pages.ts).
import { type IncomingMessage, request } from 'node:http';
import { request as requestTls } from 'node:https';
import type { UpstreamTls } from '../engines/engine.ts';
import { parseTarget, type Target } from '../http/target.ts';

export interface Page {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** The page at `errorTarget`/`status`?url=... Only its type and encoding are taken over. */
export function fetchErrorPage(
  errorTarget: string,
  status: number,
  failed: IncomingMessage,
  tls: UpstreamTls,
): Promise<Page> {
  const target = parseTarget(errorTarget);
  if (target === undefined) return Promise.reject(new Error('not an HTTP URL'));
  return new Promise((resolve, reject) => {
    const path = `${target.path}/${status}?url=${encodeURIComponent(failed.url ?? '')}`;
    const asked = (target.tls ? requestTls : request)({
      ...where(target),
      ...(target.tls ? { ...tls, ca: tls.ca === undefined ? undefined : [...tls.ca] } : {}),
      path,
      agent: false,
      signal: AbortSignal.timeout(deadline),
    });
    asked.once('error', reject);
    asked.once('response', (answer: IncomingMessage) => {
      const chunks: Buffer[] = [];
      let size = 0;
      answer.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > maxPage) asked.destroy(new Error('the page is too large'));
        else chunks.push(chunk);
      });
      answer.once('error', reject);
      answer.once('end', () => resolve({ headers: pageHeaders(answer), body: Buffer.concat(chunks) }));
    });
    asked.end();
  });
}

function where(target: Target) {
  if (target.socketPath !== undefined) return { socketPath: target.socketPath };
  return { host: target.hostname, port: target.port };
}

function pageHeaders(answer: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  const type = answer.headers['content-type'];
  const encoding = answer.headers['content-encoding'];
  if (type !== undefined) headers['Content-Type'] = type;
  if (encoding !== undefined) headers['Content-Encoding'] = encoding;
  return headers;
}

const deadline = 10_000;

const maxPage = 4 * 1024 * 1024;
