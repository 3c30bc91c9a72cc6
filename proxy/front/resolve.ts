// Resolves a request to its route and to the path for the upstream; both come from one parse of the URL.
// Not here: the lookup (routes/table.ts), parsing the path (routes/public-path.ts).
import type { IncomingMessage } from 'node:http';
import type { Target } from '../http/target.ts';
import { type PublicPath, readPublicPath, withoutPrefix } from '../routes/public-path.ts';
import type { Route, RouteTable } from '../routes/table.ts';

export interface ResolveOptions {
  readonly hostRouting: boolean;
  readonly includePrefix: boolean;
  readonly prependPath: boolean;
}

export type Resolved =
  | { readonly status: 200; readonly route: Route; readonly target: Target; readonly path: string }
  | { readonly status: 404 | 500; readonly reason: string };

export function resolve(req: IncomingMessage, table: RouteTable, options: ResolveOptions): Resolved {
  const asked = readPublicPath(req.url ?? '/');
  if (asked === undefined) return { status: 500, reason: 'the URL has a malformed percent-encoding' };
  const route = table.match(options.hostRouting ? [hostOf(req), ...asked.segments] : asked.segments);
  if (route === undefined) return { status: 404, reason: 'no route' };
  if (route.target === undefined)
    return { status: 500, reason: 'the target of the route is not an HTTP URL' };
  return {
    status: 200,
    route,
    target: route.target,
    path: upstreamPath(asked, route, route.target, options),
  };
}

function upstreamPath(asked: PublicPath, route: Route, target: Target, options: ResolveOptions): string {
  let path = options.includePrefix ? asked.path : withoutPrefix(asked.path, route.depth);
  if (options.prependPath) path = target.path + path;
  if (path === '') path = '/';
  if (target.query === '') return path + asked.query;
  return `${path}?${target.query}${asked.query === '' ? '' : `&${asked.query.slice(1)}`}`;
}

/** The requested host, without its port, in lower case; empty if there is none. */
function hostOf(req: IncomingMessage): string {
  const host = (req.headers.host ?? '').toLowerCase();
  return /^\[[^\]]*\]/.exec(host)?.[0] ?? host.replace(/:\d*$/, '');
}
