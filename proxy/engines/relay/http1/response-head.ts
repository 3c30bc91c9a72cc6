// The grammar of an answer's head: status line, fields, and the framing that they announce.
// As strict as node:http's own parser, so that what one refuses the other does too.
// Not here: where the head ends, and the body (response-parser.ts).

import { connectionOptions } from '../../../http/hop-by-hop.ts';

/** An answer that breaks HTTP. The message is for the log, never for a client. */
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
  /** The upstream lets its connection be used again. */
  readonly persistent: boolean;
  /** Seconds, from `Keep-Alive: timeout=`. */
  readonly keepAliveTimeout: number | undefined;
}

/** Reads a head without its last, empty line. Throws BadResponse. */
export function parseHead(text: string): ResponseHead {
  if (forbidden.test(text)) throw new BadResponse('the head holds control characters');
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
 * Throws BadResponse where no further byte could make a head of `bytes`, so that nobody waits for it. What is
 * before `from` has been looked at already.
 */
export function checkBeginning(bytes: Buffer, from: number): void {
  const prefix = bytes.toString('latin1', 0, versionPrefix.length);
  if (!versionPrefix.startsWith(prefix)) throw new BadResponse('the status line is malformed');
  for (let at = bytes.indexOf(10, from); at >= 0; at = bytes.indexOf(10, at + 1)) {
    if (bytes[at - 1] !== 13) throw new BadResponse('a line of the head has no CR');
  }
}

const versionPrefix = 'HTTP/1.';

/** Field lines as name, value, name, value. Throws BadResponse. */
export function fieldLines(text: string): string[] {
  const fields: string[] = [];
  if (text === '') return fields;
  if (forbidden.test(text)) throw new BadResponse('a field holds control characters');
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon));
    if (!token.test(name)) throw new BadResponse('the name of a field is malformed');
    fields.push(name, withoutPadding(line, colon + 1));
  }
  return fields;
}

/** Not trim(): that would also cut a no-break space, which is half of a letter in UTF-8. */
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
  // HTTP/1.0 knows no chunks: whoever sends them there may not mean the end we read.
  const persistent = open && !(http10 && coding !== undefined);
  return { connection, chunked: coding !== undefined, contentLength, persistent, keepAliveTimeout };
}

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

// Neither control characters nor a lone CR or LF: some clients would read a second field, or a second
// answer, from one.
const forbidden = /[^\t\r\n -~\x80-\xff]|\r(?!\n)|(?<!\r)\n/;
