// Fetches the error page for a status from --error-target (usually a hub).
// Not here: the page shown when the fetch fails (error-pages.ts).
import { type IncomingMessage, request as startRequest } from 'node:http';
import { request as startTlsRequest } from 'node:https';
import type { UpstreamTls } from '../engines/engine.ts';
import { parseTarget, type Target } from '../http/target.ts';

export interface ErrorPage {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Fetches `errorTarget`/`status`?url=...; of its fields only Content-Type and Content-Encoding are kept. */
export function fetchErrorPage(
  errorTarget: string,
  status: number,
  failed: IncomingMessage,
  tls: UpstreamTls,
): Promise<ErrorPage> {
  const target = parseTarget(errorTarget);
  if (target === undefined) return Promise.reject(new Error('not an HTTP URL'));
  return new Promise((resolve, reject) => {
    const path = `${target.path}/${status}?url=${encodeURIComponent(failed.url ?? '')}`;
    const request = (target.tls ? startTlsRequest : startRequest)({
      ...where(target),
      ...(target.tls ? tls : {}),
      path,
      agent: false,
      signal: AbortSignal.timeout(deadline),
    });
    request.once('error', reject);
    request.once('response', (response: IncomingMessage) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > maxPage) request.destroy(new Error('the page is too large'));
        else chunks.push(chunk);
      });
      response.once('error', reject);
      response.once('end', () => resolve({ headers: pageHeaders(response), body: Buffer.concat(chunks) }));
    });
    request.end();
  });
}

function where(target: Target) {
  if (target.socketPath !== undefined) return { socketPath: target.socketPath };
  return { host: target.hostname, port: target.port };
}

function pageHeaders(response: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  const type = response.headers['content-type'];
  const encoding = response.headers['content-encoding'];
  if (type !== undefined) headers['Content-Type'] = type;
  if (encoding !== undefined) headers['Content-Encoding'] = encoding;
  return headers;
}

const deadline = 10_000;

const maxPage = 4 * 1024 * 1024;
