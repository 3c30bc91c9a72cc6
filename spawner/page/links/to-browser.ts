// The header fields of a program's response for the browser: redirects and cookies stay below the path of the port or at its
// own host, and nothing that would count for more than that passes. Pure. Not here: its request (to-program.ts).
import { isProgramsCookie } from './cookie-names.ts';
import { connectionNames, type Place, pairsOf } from './to-program.ts';

/** `fields` as they came: name, value, name, value. */
export function toBrowser(fields: readonly string[], place: Place): string[] {
  const pairs = pairsOf(fields);
  const named = connectionNames(pairs);
  return pairs
    .flatMap(([name, value]): [string, string][] => {
      const key = name.toLowerCase();
      if (named.has(key) || ofWholeSite.has(key)) return [];
      if (place.origin === null && ofWholeHost.has(key)) return [];
      if (key === 'location' || key === 'content-location') return [[name, addressOutside(value, place)]];
      if (key !== 'set-cookie') return [[name, value]];
      const cookie = cookieOutside(value, place);
      return cookie === null ? [] : [[name, cookie]];
    })
    .flat();
}

/**
 * What counts for other hosts of the site too (Clear-Site-Data: "cookies" signs people out of the hub), for the way to
 * the host, or for proxies before us.
 */
const ofWholeSite = new Set([
  ...['clear-site-data', 'strict-transport-security', 'public-key-pins', 'public-key-pins-report-only'],
  ...['expect-ct', 'alt-svc', 'nel', 'report-to', 'set-login', 'set-cookie2', 'x-accel-redirect'],
]);

/**
 * What a browser keeps for the host, which a program without its own shares with the hub or the user's server: it could put
 * a service worker before the hub's pages. And requests for a password, which would seem to come from the hub.
 */
const ofWholeHost = new Set([
  ...['service-worker-allowed', 'origin-agent-cluster', 'accept-ch', 'critical-ch', 'www-authenticate'],
]);

/** A program that does not know its prefix redirects to paths of its own. */
function addressOutside(value: string, place: Place): string {
  if (/^\/(?![/\\])/.test(value)) return pathOutside(value, place);
  if (!/^(?:https?:)?\/\//i.test(value) || !URL.canParse(value, 'http://localhost')) return value;
  const url = new URL(value, 'http://localhost');
  if (url.host !== place.host && !isOwn(url, place.port)) return value;
  const path = `${url.pathname}${url.search}${url.hash}`;
  return place.origin === null ? pathOutside(path, place) : `${place.origin}${path}`;
}

function isOwn({ hostname, port }: URL, own: number): boolean {
  return Number(port || 80) === own && ['localhost', '127.0.0.1', '[::1]', '0.0.0.0'].includes(hostname);
}

function pathOutside(path: string, { prefix }: Place): string {
  return path === prefix || (/^[/?#]/.test(path.slice(prefix.length)) && path.startsWith(prefix))
    ? path
    : `${prefix}${path}`;
}

/** Null: it is none of the program's own. */
function cookieOutside(value: string, { origin, prefix }: Place): string | null {
  const [pair = '', ...attributes] = value.split(';').map((part) => part.trim());
  const equals = pair.indexOf('=');
  if (equals < 1 || !isProgramsCookie(pair.slice(0, equals), origin !== null)) return null;
  const kept = attributes.filter(
    (attribute) => !/^(?:path|domain)[ \t]*(?:=|$)/i.test(attribute) && attribute !== '',
  );
  const path = attributes
    .findLast((attribute) => /^path[ \t]*=/i.test(attribute))
    ?.replace(/^[^=]*=[ \t]*/, '');
  const inside = path?.startsWith(`${prefix}/`) ? path.slice(prefix.length) : path;
  const below = inside?.startsWith('/') ? inside : '/';
  return [pair, ...kept, `Path=${prefix}${below}`].join('; ');
}
