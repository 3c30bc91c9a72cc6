// The header fields of a request for the program behind a link: it sees http://localhost:PORT/, learns by X-Forwarded-*
// where it really is, and gets no credential of the hub or of Jupyter. Pure. Not here: its response (to-browser.ts).
import { isProgramsCookie } from './cookie-names.ts';

export interface Place {
  readonly port: number;
  /** Its own origin; null: it is a path on the host of the hub. */
  readonly origin: string | null;
  /** The path of the port, without "/" at the end; "" at its own origin. */
  readonly prefix: string;
  /** As the browser has it: the host, and whether it speaks https. */
  readonly host: string;
  readonly isSecure: boolean;
}

/** `fields` as they came: name, value, name, value. Without those of the connection itself (RFC 9110, 7.6.1). */
export function toProgram(fields: readonly string[], place: Place): string[] {
  const { port, origin, prefix, host, isSecure } = place;
  const own = `localhost:${port}`;
  const pairs = pairsOf(fields);
  const named = connectionNames(pairs);
  const kept = pairs.flatMap(([name, value]): [string, string][] => {
    const key = name.toLowerCase();
    if (named.has(key) || dropped.has(key) || key.startsWith('x-forwarded-')) return [];
    // browsers send it to the origin which has asked for it
    if (key === 'authorization' && origin === null) return [];
    if (key === 'cookie') {
      const cookies = programsCookies(value, origin !== null);
      return cookies === '' ? [] : [[name, cookies]];
    }
    // it was the same as the browser's own host, or the request was refused
    if (key === 'origin') return [[name, `http://${own}`]];
    if (key === 'referer') {
      const referer = refererInside(value, place);
      return referer === null ? [] : [[name, referer]];
    }
    return [[name, value]];
  });
  const clients = pairs
    .filter(([name]) => name.toLowerCase() === 'x-forwarded-for')
    .map(([, value]) => value);
  const forwarded: [string, string][] = [
    ['Host', own],
    ['X-Forwarded-Host', host],
    ['X-Forwarded-Proto', isSecure ? 'https' : 'http'],
    ...(origin === null ? [['X-Forwarded-Prefix', prefix] as [string, string]] : []),
    ...(clients.length === 0 ? [] : [['X-Forwarded-For', clients.join(', ')] as [string, string]]),
  ];
  return [...forwarded, ...kept].flat();
}

export function pairsOf(fields: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let index = 0; index + 1 < fields.length; index += 2)
    pairs.push([fields[index] ?? '', fields[index + 1] ?? '']);
  return pairs;
}

/** The fields that belong to one connection, by their own list and by the standard. */
export function connectionNames(pairs: readonly (readonly [string, string])[]): Set<string> {
  const listed = pairs
    .filter(([name]) => name.toLowerCase() === 'connection')
    .flatMap(([, value]) => value.split(',').map((name) => name.trim().toLowerCase()));
  return new Set([
    ...ofConnection,
    ...listed.filter((name) => name !== 'content-length' && name !== 'cookie'),
  ]);
}

const ofConnection = [
  ...['connection', 'keep-alive', 'proxy-connection', 'proxy-authenticate', 'proxy-authorization'],
  ...['te', 'trailer', 'transfer-encoding', 'upgrade', 'http2-settings'],
];

/** What is written anew, or is for us. */
const dropped = new Set(['host', 'forwarded', 'x-real-ip', 'x-scheme', 'expect', 'via']);

function programsCookies(value: string, atOwnHost: boolean): string {
  const kept = value.split(';').filter((pair) => {
    const [name = '', ...rest] = pair.replace(/^[ \t]+|[ \t]+$/g, '').split('=');
    return rest.length > 0 && isProgramsCookie(name, atOwnHost);
  });
  return kept.map((pair) => pair.trim()).join('; ');
}

/** Addresses of the hub's pages may hold secrets, and are not the program's concern. */
function refererInside(value: string, { origin, prefix, port }: Place): string | null {
  if (!URL.canParse(value)) return null;
  const { pathname, search, origin: from } = new URL(value);
  if (origin !== null && from !== origin) return null;
  if (!pathname.startsWith(`${prefix}/`)) return null;
  return `http://localhost:${port}${pathname.slice(prefix.length)}${search}`;
}
