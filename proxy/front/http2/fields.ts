// Converts fields between HTTP/2 and HTTP/1.1 (RFC 9113, section 8): pseudo-header fields, connection-specific fields,
// and cookies.
// Not here: sending them (stream.ts), using them (requests.ts).
import type { IncomingMessage, InformationEvent } from 'node:http';
import type { OutgoingHttpHeaders } from 'node:http2';

export interface RequestFields {
  readonly status: 200;
  readonly method: string;
  readonly path: string;
  /** Alternates names and values, with `host` first. */
  readonly headers: readonly string[];
  readonly hasBody: boolean;
}

/** 400 for a request without an unambiguous form in HTTP/1.1; 405 for CONNECT. */
export function readRequestFields(
  fields: readonly string[],
  endsHere: boolean,
): RequestFields | { readonly status: 400 | 405 } {
  const pseudo = new Map<string, string>();
  const headers: string[] = [];
  const cookies: string[] = [];
  const names = new Set<string>();
  let hosts = 0;
  for (let at = 0; at < fields.length; at += 2) {
    const name = fields[at] ?? '';
    const value = fields[at + 1] ?? '';
    if (/[\0\r\n]/.test(value)) return { status: 400 };
    if (name.startsWith(':')) pseudo.set(name, value);
    else if (name === 'te')
      continue; // hop-by-hop; HTTP/2 allows only "trailers"
    else if (!fieldName.test(name) || ofConnection.has(name)) return { status: 400 };
    else if (name === 'cookie') cookies.push(value);
    else if (name === 'host' && pseudo.get(':authority') === value) continue;
    else {
      if (name === 'host') hosts += 1;
      names.add(name);
      headers.push(name, value);
    }
  }
  const [method = '', path = ''] = [pseudo.get(':method'), pseudo.get(':path')];
  const authority = pseudo.get(':authority');
  if (method === 'CONNECT') return { status: 405 };
  if (!methodName.test(method) || !requestTarget.test(path)) return { status: 400 };
  // recipients would disagree about which of two hosts is meant
  if (hosts + (authority === undefined ? 0 : 1) !== 1) return { status: 400 };
  if (authority !== undefined) headers.unshift('host', authority);
  if (cookies.length > 0) headers.push('cookie', cookies.join('; '));
  const hasLength = names.has('content-length');
  if (!endsHere && !hasLength) headers.push('transfer-encoding', 'chunked');
  if (endsHere && !hasLength && methodsWithBody.has(method)) headers.push('content-length', '0');
  return { status: 200, method, path, headers, hasBody: !endsHere };
}

/** Never throws; node:http2 throws on sending a field that HTTP/2 does not allow. */
export function responseFields(response: IncomingMessage): OutgoingHttpHeaders {
  return withStatus(response.statusCode ?? 502, response.rawHeaders, response.headers.connection);
}

/** Without connection-specific fields; the relay has removed trailers that would change the meaning of the response. */
export function trailerFields(response: IncomingMessage): OutgoingHttpHeaders {
  const fields = withStatus(0, response.rawTrailers, undefined);
  delete fields[':status'];
  return fields;
}

export function informationFields(info: InformationEvent): OutgoingHttpHeaders {
  return withStatus(info.statusCode, info.rawHeaders, undefined);
}

function withStatus(
  status: number,
  raw: readonly string[],
  connection: string | undefined,
): OutgoingHttpHeaders {
  const named = new Set((connection ?? '').split(',').map((name) => name.trim().toLowerCase()));
  const fields: OutgoingHttpHeaders = Object.create(null);
  fields[':status'] = status;
  for (let at = 0; at < raw.length; at += 2) {
    const name = (raw[at] ?? '').toLowerCase();
    const value = raw[at + 1] ?? '';
    if (ofConnection.has(name) || named.has(name)) continue;
    const known = fields[name];
    if (known === undefined) fields[name] = value;
    else if (name === 'set-cookie') fields[name] = [known, value].flat() as string[];
    // node:http2 throws for some repeated fields; a list in one field means the same (RFC 9110, section 5.3)
    else if (known !== value) fields[name] = `${known}, ${value}`;
  }
  return fields;
}

/** In lower case, as HTTP/2 requires. */
const fieldName = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
/** Methods are case-sensitive, and node:http would write them in upper case. */
const methodName = /^[!#$%&'*+\-.^_`|~0-9A-Z]+$/;
const requestTarget = /^(?:\/[!-~\x80-\xff]*|\*)$/;

/** Connection-specific fields: forbidden in HTTP/2. */
const ofConnection = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);
const methodsWithBody = new Set(['POST', 'PUT', 'PATCH']);
