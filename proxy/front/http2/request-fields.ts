// Converts the fields of a request from HTTP/2 to HTTP/1.1 (RFC 9113, section 8): pseudo-header fields,
// connection-specific fields, and cookies. As strict as node:http's parser, so that both versions accept the same.
// Not here: using them (stream-request.ts), the fields of a response (response-fields.ts).
import { METHODS } from 'node:http';

export interface RequestFields {
  readonly status: 200;
  readonly method: string;
  readonly path: string;
  /** Alternates names and values, with `host` first. */
  readonly list: string[];
  /** As IncomingMessage.headers. */
  readonly byName: Record<string, string>;
  readonly hasBody: boolean;
  /** Of an extended CONNECT (RFC 8441); such a request has neither a body nor framing. */
  readonly protocol: string | undefined;
}

export interface RefusedFields {
  /** 400 for a request without an unambiguous form in HTTP/1.1; 405 for CONNECT; 431 above the limit; 501 for a protocol
   * other than WebSocket. */
  readonly status: 400 | 405 | 431 | 501;
  readonly reason: string;
}

/** `raw` alternates names and values; `maxHead` is in bytes, counted as they would be in HTTP/1.1. */
export function readRequestFields(
  raw: readonly string[],
  endsHere: boolean,
  maxHead: number,
): RequestFields | RefusedFields {
  const pseudo = new Map<string, string>();
  const list: string[] = ['host', ''];
  const byName: Record<string, string> = Object.assign(Object.create(null), { host: '' });
  let host: string | undefined;
  let cookies = '';
  let size = 0;
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] ?? '';
    const value = withoutPadding(raw[at + 1] ?? '');
    size += name.length + value.length + 4;
    if (size > maxHead) return { status: 431, reason: 'the header section is too large' };
    if (control.test(value)) return malformed('a field value');
    if (name.charCodeAt(0) === 58) pseudo.set(name, value);
    // hop-by-hop; HTTP/2 allows only "trailers"
    else if (name === 'te') continue;
    else if (!fieldName.test(name) || ofConnection.has(name)) return malformed('a field name');
    else if (name === 'cookie') cookies += cookies === '' ? value : `; ${value}`;
    else if (name === 'host') {
      if (host !== undefined) return malformed('more than one Host');
      host = value;
    } else {
      list.push(name, value);
      const known = byName[name];
      if (known === undefined) byName[name] = value;
      else if (name === 'content-length') return malformed('more than one Content-Length');
      else if (!single.has(name)) byName[name] = `${known}, ${value}`;
    }
  }
  if (cookies !== '') {
    list.push('cookie', cookies);
    byName.cookie = cookies;
  }
  const [method = '', path = ''] = [pseudo.get(':method'), pseudo.get(':path')];
  const authority = pseudo.get(':authority');
  const protocol = pseudo.get(':protocol');
  if (method === 'CONNECT' && protocol === undefined) return { status: 405, reason: 'CONNECT' };
  if (method !== 'CONNECT' && protocol !== undefined) return malformed('a protocol without CONNECT');
  if (!methods.has(method)) return malformed('the method');
  if (!requestTarget.test(path)) return malformed('the path');
  // recipients would disagree about which of two hosts is meant
  if (host !== undefined && authority !== undefined && host !== authority) return malformed('two hosts');
  const named = authority ?? host;
  if (named === undefined) return malformed('no host');
  list[1] = named;
  byName.host = named;
  if (protocol !== undefined) return { status: 200, method, path, list, byName, hasBody: false, protocol };
  const length = byName['content-length'];
  if (length !== undefined && !/^\d+$/.test(length)) return malformed('Content-Length');
  if (length === undefined && !endsHere) add('transfer-encoding', 'chunked');
  else if (length === undefined && methodsWithBody.has(method)) add('content-length', '0');
  return { status: 200, method, path, list, byName, hasBody: !endsHere, protocol };

  function add(name: string, value: string): void {
    list.push(name, value);
    byName[name] = value;
  }
}

export function malformed(what: string): RefusedFields {
  return { status: 400, reason: `malformed request: ${what}` };
}

/** node:http's parser removes it, too. */
function withoutPadding(value: string): string {
  return padding.test(value) ? value.replace(/^[\t ]+|[\t ]+$/g, '') : value;
}

const padding = /^[\t ]|[\t ]$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for
const control = /[\0-\x08\x0a-\x1f\x7f]/;
/** In lower case, as HTTP/2 requires. */
const fieldName = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const requestTarget = /^(?:\/[!-~]*|\*)$/;
const methods: ReadonlySet<string> = new Set(METHODS);
const methodsWithBody: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);

/** Connection-specific fields: forbidden in HTTP/2. */
export const ofConnection: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

/** Fields of which node:http keeps the first value. */
const single: ReadonlySet<string> = new Set([
  'age',
  'authorization',
  'content-type',
  'etag',
  'expires',
  'from',
  'if-modified-since',
  'if-unmodified-since',
  'last-modified',
  'location',
  'max-forwards',
  'proxy-authorization',
  'referer',
  'retry-after',
  'server',
  'user-agent',
]);
