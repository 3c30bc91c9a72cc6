// The addresses of ports: below the prefix of its server's route, "port/NUMBER/". Finds the server and the port that a
// request means. Not here: whether the person may open it (access.ts).
import { portsPathOf, type ServerRecord } from '../../records/record.ts';

export interface PortLink {
  readonly record: ServerRecord;
  readonly port: number;
  /** The path of the port, in the spelling of the server's route, without "/" at the end. */
  readonly prefix: string;
  /** What follows in the request, as it was sent, with its query: "" or beginning with "/" or "?". */
  readonly rest: string;
}

/** `url` as in the request line. */
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
    return { record, port, prefix: `${portsPathOf(record)}/${port}`, rest };
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
