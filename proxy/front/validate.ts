// Rejects, before routing, requests that node:http accepts but that another server could parse as two requests, or as
// a request for another host.
// Not here: requests that node:http's parser rejects (bad-requests.ts).
import type { IncomingMessage } from 'node:http';

export interface Refusal {
  readonly status: 400 | 505;
  readonly reason: string;
}

/** Why the request is rejected, or undefined if it is valid. Its Host field then holds the requested authority. */
export function refusal(req: IncomingMessage): Refusal | undefined {
  if (req.httpVersionMajor !== 1) return { status: 505, reason: `HTTP/${req.httpVersion}` };
  const reason = refusedFraming(req) ?? refusedHost(req);
  if (reason !== undefined) return { status: 400, reason };
  if (req.url === '*' && req.method !== 'OPTIONS') return { status: 400, reason: 'no path' };
  return undefined;
}

function refusedFraming(req: IncomingMessage): string | undefined {
  const { 'content-length': length, 'transfer-encoding': coding } = req.headers;
  if (length !== undefined && !Number.isSafeInteger(Number(length))) return 'Content-Length is too large';
  if (coding === undefined) return undefined;
  if (req.httpVersionMinor === 0) return 'Transfer-Encoding in HTTP/1.0';
  return coding.toLowerCase() === 'chunked' ? undefined : 'a transfer coding other than chunked';
}

function refusedHost(req: IncomingMessage): string | undefined {
  const { rawHeaders: raw } = req;
  let at = -1;
  for (let field = 0; field < raw.length; field += 2) {
    const name = raw[field] ?? '';
    if (name.length !== 4 || name.toLowerCase() !== 'host') continue;
    if (at >= 0) return 'more than one Host';
    at = field;
  }
  const authority = authorityOf(req.url ?? '/');
  if (authority !== undefined) {
    req.headers.host = authority;
    if (at >= 0) raw[at + 1] = authority;
    else raw.push('Host', authority);
  }
  const { host } = req.headers;
  return host === undefined || hostAndPort.test(host) ? undefined : 'a malformed Host';
}

/** The authority of a request target in absolute form: it replaces the Host field (RFC 9112 section 3.2.2). */
function authorityOf(url: string): string | undefined {
  if (url.charCodeAt(0) === 47) return undefined;
  return /^[a-z][a-z0-9+.-]*:\/\/([^/?#\\]*)/i.exec(url)?.[1];
}

/** RFC 3986 section 3.2.2, without userinfo. */
const hostAndPort = /^(?:\[[0-9a-f:.]+\]|[\w.~!$&'()*+,;=%-]+)(?::\d*)?$/i;
