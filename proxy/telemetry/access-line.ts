// Formats one line of the access log: Apache's common or combined format, or JSON. Query strings are left out, and
// values from a client cannot end a line or a quoted field.
// Not here: when and where lines are written (access-log.ts).

export const accessLogFormats = ['off', 'common', 'combined', 'json'] as const;

export type AccessLogFormat = (typeof accessLogFormats)[number];

export interface Access {
  /** When the request was received, in milliseconds. */
  readonly time: number;
  /** Of the client; undefined on a Unix socket. */
  readonly address: string | undefined;
  readonly method: string;
  /** Without its query. */
  readonly path: string;
  readonly version: string;
  /** 499 if the client disconnected before the response. */
  readonly status: number;
  /** Of the response body; on a WebSocket, of everything sent to the client. */
  readonly bytes: number;
  readonly milliseconds: number;
  /** Without its query. */
  readonly referer: string | undefined;
  readonly userAgent: string | undefined;
}

export function accessLine(format: Exclude<AccessLogFormat, 'off'>, access: Access): string {
  if (format === 'json')
    return `${JSON.stringify({ ...access, time: new Date(access.time).toISOString() })}\n`;
  const { address, method, path, version, status, bytes, referer, userAgent } = access;
  const request = quoted(`${method} ${path} HTTP/${version}`);
  const common = `${address ?? '-'} - - [${apacheTime(access.time)}] ${request} ${status} ${bytes || '-'}`;
  if (format === 'common') return `${common}\n`;
  return `${common} ${quoted(referer ?? '-')} ${quoted(userAgent ?? '-')}\n`;
}

/** A URL without its query: a query may contain a token, which must not be logged. */
export function withoutQuery(url: string | undefined): string {
  return url?.replace(/[?#].*$/s, '') ?? '';
}

function quoted(text: string): string {
  return `"${text.replace(/[^ !#-[\]-~]/g, escaped)}"`;
}

/** Fields are decoded as latin1: shows the bytes that were sent. */
function escaped(character: string): string {
  if (character === '"' || character === '\\') return `\\${character}`;
  return [...Buffer.from(character, 'latin1')]
    .map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`)
    .join('');
}

/** 10/Oct/2000:13:55:36 +0000, always in UTC. */
function apacheTime(time: number): string {
  const [, day, month, year, clock] = new Date(time).toUTCString().split(' ');
  return `${day}/${month}/${year}:${clock} +0000`;
}
