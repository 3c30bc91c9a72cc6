// The addresses of ports: below the prefix of its server's route, "port/NUMBER/", or a host of its own. Finds the server and
// the port that a request means. Not here: whether the person may open it (access.ts).

import { portsPathOf, type ServerRecord } from '../../records/record.ts';
import type { PortHosts } from '../../routes/ports/port-hosts.ts';

export interface PortLink {
  readonly record: ServerRecord;
  readonly port: number;
  /** Its own origin; null: it is a path on the host of the hub. */
  readonly origin: string | null;
  /** The path of the port, in the spelling of the server's route, without "/" at the end; "" at its own origin. */
  readonly prefix: string;
  /** What follows in the request, as it was sent, with its query: "" or beginning with "/" or "?". */
  readonly rest: string;
}

/** What a browser opens. */
export function addressOf({ origin, prefix, rest }: PortLink): string {
  return `${origin ?? ''}${prefix}${rest.startsWith('/') ? '' : '/'}${rest}`;
}

/** A port by its own host: `host` as in the Host field, `url` as in the request line. */
export function findHostLink(
  hosts: PortHosts,
  { host, url }: { readonly host: string | undefined; readonly url: string },
  records: readonly ServerRecord[],
): PortLink | null {
  const found = url.startsWith('/') ? hosts.find(host, records) : null;
  return found === null
    ? null
    : { ...found, origin: hosts.originOf(found.record, found.port), prefix: '', rest: url };
}

/** A port by its path: `url` as in the request line. */
export function findLink(url: string, records: readonly ServerRecord[]): PortLink | null {
  const [path = '', ...query] = url.split('?');
  const segments = path.split('/');
  if (segments[0] !== '') return null; // no path
  for (const [index, segment] of segments.entries()) {
    const port = portOf(segments[index + 1]);
    if (segment !== 'port' || port === null) continue;
    const place = decoded(segments.slice(0, index + 1));
    const record = records.find((one) => place !== null && place === decodedPath(portsPathOf(one)));
    if (record === undefined) continue;
    const after = segments.slice(index + 2);
    const rest = [after.length === 0 ? '' : `/${after.join('/')}`, ...query].join('?');
    return { record, port, origin: null, prefix: `${portsPathOf(record)}/${port}`, rest };
  }
  return null;
}

function portOf(segment: string | undefined): number | null {
  if (segment === undefined || !/^[1-9]\d{0,4}$/.test(segment)) return null;
  const port = Number(segment);
  return port <= 65_535 ? port : null;
}

function decodedPath(path: string | null): string | null {
  return path === null ? null : decoded(path.split('/'));
}

/** Comparable, also where a segment has an encoded "/"; null: it is encoded wrongly. */
function decoded(segments: readonly string[]): string | null {
  try {
    return JSON.stringify(segments.map(decodeURIComponent));
  } catch {
    return null;
  }
}
