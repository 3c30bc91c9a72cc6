// Which requests are refused before anything is looked up: those that node:http lets through, but that
// another server could read as two requests, or as one for another host.
// Not here: what node:http's parser refuses itself (bad-requests.ts).
import type { IncomingMessage } from 'node:http';

export interface Refusal {
  readonly status: 400 | 505;
  readonly reason: string;
}

/** Why the request is refused, or undefined if it is not. Its Host is then the one that it asks for. */
export function refusal(req: IncomingMessage): Refusal | undefined {
  if (req.httpVersionMajor !== 1) return { status: 505, reason: `HTTP/${req.httpVersion}` };
  const reason = refusedFraming(req) ?? refusedHost(req);
  if (reason !== undefined) return { status: 400, reason };
  if (req.url === '*' && req.method !== 'OPTIONS') return { status: 400, reason: 'no path' };
  return undefined;
}

function refusedFraming(req: IncomingMessage): string | undefined {
  const { 'content-length': length, 'transfer-encoding': coding } = req.headers;
  if (length !== undefined && !Number.isSafeInteger(Number(length))) return 'a length beyond all measure';
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

/** Of a target in absolute form: it takes the place of the Host field (RFC 9112 section 3.2.2). */
function authorityOf(url: string): string | undefined {
  if (url.charCodeAt(0) === 47) return undefined;
  return /^[a-z][a-z0-9+.-]*:\/\/([^/?#\\]*)/i.exec(url)?.[1];
}

/** RFC 3986 section 3.2.2, without user names. */
const hostAndPort = /^(?:\[[0-9a-f:.]+\]|[\w.~!$&'()*+,;=%-]+)(?::\d*)?$/i;
