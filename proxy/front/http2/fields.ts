// Fields between HTTP/2 and HTTP/1.1 (RFC 9113, section 8): pseudo fields, the fields of a connection, and cookies.
// Not here: when they are sent (sessions.ts), what the proxy makes of them (requests.ts).
import type { IncomingMessage, InformationEvent } from 'node:http';
import type { OutgoingHttpHeaders } from 'node:http2';

export interface RequestFields {
  readonly status: 200;
  readonly method: string;
  readonly path: string;
  /** Names and values in turn, with `host` first. */
  readonly headers: readonly string[];
  readonly hasBody: boolean;
}

/** 400 for what cannot be said in HTTP/1.1 without a doubt; 405 for CONNECT. */
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
      continue; // of this connection; "trailers" is all that HTTP/2 allows
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
  // two names of a host would be read in two ways
  if (hosts + (authority === undefined ? 0 : 1) !== 1) return { status: 400 };
  if (authority !== undefined) headers.unshift('host', authority);
  if (cookies.length > 0) headers.push('cookie', cookies.join('; '));
  const hasLength = names.has('content-length');
  if (!endsHere && !hasLength) headers.push('transfer-encoding', 'chunked');
  if (endsHere && !hasLength && methodsWithBody.has(method)) headers.push('content-length', '0');
  return { status: 200, method, path, headers, hasBody: !endsHere };
}

/** Throws nothing; node:http2 refuses what HTTP/2 does not allow when it is sent. */
export function answerFields(answer: IncomingMessage): OutgoingHttpHeaders {
  return withStatus(answer.statusCode ?? 502, answer.rawHeaders, answer.headers.connection);
}

/** Without what HTTP/2 does not allow there; the relay has taken out what would change the answer's meaning. */
export function trailerFields(answer: IncomingMessage): OutgoingHttpHeaders {
  const fields = withStatus(0, answer.rawTrailers, undefined);
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
    // node:http2 throws for some that are repeated; a list in one field means the same (RFC 9110, section 5.3)
    else if (known !== value) fields[name] = `${known}, ${value}`;
  }
  return fields;
}

/** In lower case, as HTTP/2 demands. */
const fieldName = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
/** Methods are case-sensitive, and node:http would write any in capitals. */
const methodName = /^[!#$%&'*+\-.^_`|~0-9A-Z]+$/;
const requestTarget = /^(?:\/[!-~\x80-\xff]*|\*)$/;

/** Fields of one connection; HTTP/2 has none. */
const ofConnection = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);
const methodsWithBody = new Set(['POST', 'PUT', 'PATCH']);
