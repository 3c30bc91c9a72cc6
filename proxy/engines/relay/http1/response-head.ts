// Parses the status line and the fields of a response, and the framing that they announce. As strict as node:http's
// parser, so that both reject the same responses.
// Not here: the end of the header section, the body (response-parser.ts).

import { connectionOptions } from '../../../http/hop-by-hop.ts';

/** A response that violates HTTP. The message is for the log, never for a client. */
export class BadResponse extends Error {
  override readonly name = 'BadResponse';
}

export interface ResponseHead {
  readonly status: number;
  readonly reason: string;
  /** Name, value, name, value, ... in the order and spelling of the upstream. */
  readonly fields: string[];
  /** Options of all Connection fields, in lower case. */
  readonly connection: readonly string[];
  readonly chunked: boolean;
  readonly contentLength: number | undefined;
  /** The upstream allows its connection to be reused. */
  readonly persistent: boolean;
  /** Seconds, from `Keep-Alive: timeout=`. */
  readonly keepAliveTimeout: number | undefined;
}

/** Parses a header section without its final empty line. Throws BadResponse. */
export function parseHead(text: string): ResponseHead {
  if (forbidden.test(text)) throw new BadResponse('the header section contains control characters');
  const lineEnd = text.indexOf('\r\n');
  const statusLine = lineEnd < 0 ? text : text.slice(0, lineEnd);
  const status = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: (.*))?$/.exec(statusLine);
  if (status === null) throw new BadResponse('the status line is malformed');
  const fields = lineEnd < 0 ? [] : fieldLines(text.slice(lineEnd + 2));
  return {
    status: Number(status[2]),
    reason: status[3] ?? '',
    fields,
    ...framing(fields, status[1] === '0'),
  };
}

/**
 * Throws BadResponse if `bytes` cannot be the start of a header section, so that the rest is not waited for. Bytes
 * before `from` were checked already.
 */
export function checkBeginning(bytes: Buffer, from: number): void {
  const prefix = bytes.toString('latin1', 0, versionPrefix.length);
  if (!versionPrefix.startsWith(prefix)) throw new BadResponse('the status line is malformed');
  for (let at = bytes.indexOf(10, from); at >= 0; at = bytes.indexOf(10, at + 1)) {
    if (bytes[at - 1] !== 13) throw new BadResponse('a line of the header section has no CR');
  }
}

const versionPrefix = 'HTTP/1.';

/** Field lines as name, value, name, value. Throws BadResponse. */
export function fieldLines(text: string): string[] {
  const fields: string[] = [];
  if (text === '') return fields;
  if (forbidden.test(text)) throw new BadResponse('a field contains control characters');
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon));
    if (!token.test(name)) throw new BadResponse('a field name is malformed');
    fields.push(name, withoutPadding(line, colon + 1));
  }
  return fields;
}

/** Not trim(): that would also remove a no-break space, which in latin1 may be the second byte of a UTF-8 character. */
function withoutPadding(line: string, from: number): string {
  let start = from;
  let end = line.length;
  while (start < end && isPadding(line.charCodeAt(start))) start++;
  while (end > start && isPadding(line.charCodeAt(end - 1))) end--;
  return line.slice(start, end);
}

function isPadding(code: number): boolean {
  return code === 32 || code === 9;
}

type Framing = Pick<
  ResponseHead,
  'connection' | 'chunked' | 'contentLength' | 'persistent' | 'keepAliveTimeout'
>;

function framing(fields: readonly string[], http10: boolean): Framing {
  let length: string | undefined;
  let coding: string | undefined;
  let keepAliveTimeout: number | undefined;
  let connection: string[] = [];
  for (let at = 0; at < fields.length; at += 2) {
    const value = fields[at + 1] ?? '';
    switch ((fields[at] ?? '').toLowerCase()) {
      case 'content-length':
        if (length !== undefined) throw new BadResponse('more than one Content-Length');
        length = value;
        break;
      case 'transfer-encoding':
        coding = coding === undefined ? value : `${coding},${value}`;
        break;
      case 'connection':
      case 'proxy-connection':
        connection = connection.concat(connectionOptions(value));
        break;
      case 'keep-alive': {
        const seconds = /(?:^|[,; ])timeout=(\d{1,9})/i.exec(value)?.[1];
        if (seconds !== undefined) keepAliveTimeout = Number(seconds);
        break;
      }
      default:
    }
  }
  if (length !== undefined && coding !== undefined) {
    throw new BadResponse('both Content-Length and Transfer-Encoding');
  }
  if (coding !== undefined && coding.toLowerCase() !== 'chunked') {
    throw new BadResponse('a transfer coding other than chunked');
  }
  if (length !== undefined && !/^\d{1,15}$/.test(length))
    throw new BadResponse('Content-Length is malformed');
  const contentLength = length === undefined ? undefined : Number(length);
  const open = http10 ? connection.includes('keep-alive') : !connection.includes('close');
  // HTTP/1.0 has no chunked coding: a server that sends it may disagree about where the body ends.
  const persistent = open && !(http10 && coding !== undefined);
  return { connection, chunked: coding !== undefined, contentLength, persistent, keepAliveTimeout };
}

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

// Control characters, or a lone CR or LF: some clients would parse a second field, or a second response, from them.
const forbidden = /[^\t\r\n -~\x80-\xff]|\r(?!\n)|(?<!\r)\n/;
