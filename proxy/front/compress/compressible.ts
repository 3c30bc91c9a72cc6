// Which responses are compressed, as a pure decision: text-like files that their server marks as public or immutable,
// and programs whose name has the hash of their content. Such a file is the same for everybody, so it has no secret
// beside a user's input, whose guessing compression would help (BREACH). What is in doubt is sent as it is.
// Not here: the coding (accept-encoding.ts), the changed fields (encoded-fields.ts).
import { chooseEncoding, type Encoding } from './accept-encoding.ts';

/** Values by name in lower case; the values of a repeated field are joined with ", ". */
export type Fields = ReadonlyMap<string, string>;

export interface Asked {
  readonly method: string;
  readonly httpVersionMinor: number;
  /** Without the query. */
  readonly path: string;
  /** The fields that matter here. */
  readonly headers: {
    readonly 'accept-encoding'?: string | string[] | undefined;
    readonly 'cache-control'?: string | undefined;
    readonly range?: string | undefined;
  };
}

/** `plain`: it goes as it is. `vary`: so it does, but another client would get it compressed. */
export type Decision = 'plain' | 'vary' | Encoding;

export function decide(asked: Asked, status: number, fields: Fields, offered: readonly Encoding[]): Decision {
  if (asked.method !== 'GET' && asked.method !== 'HEAD') return 'plain';
  if (!isPublic(fields) && !isHashedProgram(fields, asked.path)) return 'plain';
  // it has no type, and confirms a response that may have been compressed
  if (status === 304) return 'vary';
  if (status !== 200 || !isCompressible(fields, asked.path)) return 'plain';
  if (asked.method === 'HEAD' || asked.headers.range !== undefined) return 'vary';
  // without the chunked coding the length must be known, or the connection ends
  if (asked.httpVersionMinor === 0) return 'vary';
  if (directives(asked.headers['cache-control'] ?? '').has('no-transform')) return 'vary';
  const accepted = asked.headers['accept-encoding'];
  return chooseEncoding(Array.isArray(accepted) ? accepted.join() : accepted, offered) ?? 'vary';
}

/** The server says that the response is the same for everybody, and nothing else says that it is not. */
function isPublic(fields: Fields): boolean {
  const control = directives(fields.get('cache-control') ?? '');
  return (control.has('public') || control.has('immutable')) && isForEverybody(fields, control);
}

/**
 * A script or style sheet that a build has made, from a disk: jupyter-server sends those of JupyterLab's extensions with
 * `no-cache`. A response that a program makes has no date of a file, and no ranges of bytes.
 */
function isHashedProgram(fields: Fields, path: string): boolean {
  if (!/\.[0-9a-f]{16,64}\.(?:m?js|css|wasm)$/.test(path)) return false;
  const isFile = fields.has('last-modified') && fields.get('accept-ranges')?.toLowerCase() === 'bytes';
  return isFile && isForEverybody(fields, directives(fields.get('cache-control') ?? ''));
}

/** Nothing says that it is not. `control` has the directives of Cache-Control. */
function isForEverybody(fields: Fields, control: ReadonlySet<string>): boolean {
  if (['private', 'no-store', 'no-transform'].some((name) => control.has(name))) return false;
  if (fields.has('set-cookie')) return false;
  const vary = listOf(fields.get('vary') ?? '');
  return !vary.some((name) => name === '*' || name === 'cookie' || name === 'authorization');
}

function isCompressible(fields: Fields, path: string): boolean {
  if (fields.has('content-encoding') || fields.has('content-range') || fields.has('trailer')) return false;
  const length = fields.get('content-length');
  if (length !== undefined && !(Number(length) >= smallest)) return false;
  const type = (fields.get('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  // a page may hold tokens, even one whose URL never changes its content
  if (type === 'text/html' || type === 'application/xhtml+xml')
    return directives(fields.get('cache-control') ?? '').has('public');
  // servers that do not know the suffix send source maps as bytes
  if (type === 'application/octet-stream') return /\.(?:map|wasm)$/.test(path);
  return types.has(type) || type.endsWith('+json') || type.endsWith('+xml');
}

/** Names of the directives of Cache-Control; a quoted argument may hold commas. */
function directives(field: string): ReadonlySet<string> {
  return new Set(
    listOf(field.replace(/"(?:[^"\\]|\\.)*"/g, '')).map((item) => item.split('=', 1)[0]?.trim() ?? ''),
  );
}

/** The items of a field, in lower case. */
export function listOf(field: string): string[] {
  return field
    .toLowerCase()
    .split(',')
    .map((item) => item.trim());
}

/** Bytes; less fits into one packet anyway. */
const smallest = 1024;

/** What is not compressed in itself. Fonts of the types woff and woff2 are; text/event-stream must not wait. */
const types: ReadonlySet<string> = new Set([
  'text/javascript',
  'application/javascript',
  'application/x-javascript',
  'text/css',
  'text/plain',
  'text/markdown',
  'text/csv',
  'text/xml',
  'text/vtt',
  'application/xml',
  'application/json',
  'application/wasm',
  'font/ttf',
  'font/otf',
  'font/collection',
  'font/sfnt',
  'application/font-sfnt',
  'application/x-font-ttf',
  'application/vnd.ms-fontobject',
  'image/x-icon',
  'image/vnd.microsoft.icon',
  'image/bmp',
]);
