// One line of the access log: Apache's common or combined form, or JSON. Queries are never in it, and what a
// client sent cannot end a line or a quoted field.
// Not here: when there is a line, and where it goes (access-log.ts).

export const accessLogFormats = ['off', 'common', 'combined', 'json'] as const;

export type AccessLogFormat = (typeof accessLogFormats)[number];

export interface Access {
  /** When the request came, in milliseconds. */
  readonly time: number;
  /** Of the client; undefined on a unix socket. */
  readonly address: string | undefined;
  readonly method: string;
  /** Without its query. */
  readonly path: string;
  readonly version: string;
  /** 499 if the client left before there was an answer. */
  readonly status: number;
  /** Of the answer's body; on a WebSocket, of all that was sent to the client. */
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

/** A URL without its query: queries may carry tokens, which belong into no log. */
export function withoutQuery(url: string | undefined): string {
  return url?.replace(/[?#].*$/s, '') ?? '';
}

function quoted(text: string): string {
  return `"${text.replace(/[^ !#-[\]-~]/g, escaped)}"`;
}

/** Heads are read as latin1: what is shown are the bytes that were sent. */
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
