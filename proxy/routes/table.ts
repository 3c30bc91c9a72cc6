// The route table: the target of each path, the data posted with it, and its last activity.
// Not here: the REST API (api.ts), parsing a request's path (public-path.ts), the file (storage.ts).
import { parseTarget, type Target } from '../http/target.ts';
import { splitPath } from './public-path.ts';

/** Milliseconds since the epoch. */
export type Clock = () => number;

/** The posted data of a route, unchanged; `last_activity` is kept separately. */
export interface RouteData {
  readonly target: string;
  readonly [key: string]: unknown;
}

export interface Route {
  readonly path: string;
  /** Number of segments of a request's path that the route covers. */
  readonly depth: number;
  readonly data: RouteData;
  /** Undefined if the posted target cannot be reached over HTTP. */
  readonly target: Target | undefined;
  /** A plain integer, so that setting it on every request costs nothing. */
  lastActivity: number;
}

export type RouteChange =
  | { readonly kind: 'added'; readonly route: Route; readonly replaced: Route | undefined }
  | { readonly kind: 'removed'; readonly route: Route };

export interface RouteTable {
  readonly size: number;
  /** Adds a route, or replaces it completely. */
  add(path: string, posted: RouteData, lastActivity?: number): Route;
  /** Returns whether the route existed. Open connections are kept. */
  remove(path: string): boolean;
  /** The route of exactly this path. */
  get(path: string): Route | undefined;
  /** The route of the longest prefix. With host routing the first segment is the host. */
  match(segments: readonly string[]): Route | undefined;
  routes(): IterableIterator<Route>;
  touch(route: Route): void;
  /** Calls `watcher` on every change from now on; returns the function that stops this. */
  watch(watcher: (change: RouteChange) => void): () => void;
}

export function createRouteTable(clock: Clock, hostRouting = false): RouteTable {
  const routes = new Map<string, Route>();
  const root: Node = { children: new Map(), route: undefined };
  const watchers = new Set<(change: RouteChange) => void>();
  const tell = (change: RouteChange): void => {
    for (const watcher of watchers) watcher(change);
  };
  const segmentsOf = (path: string): string[] => {
    const segments = splitPath(path);
    if (hostRouting && segments[0] !== undefined) segments[0] = segments[0].toLowerCase();
    return segments;
  };
  return {
    get size() {
      return routes.size;
    },
    add: (path, posted, lastActivity = clock()) => {
      const segments = segmentsOf(path);
      const key = `/${segments.join('/')}`;
      const { last_activity: _, ...data } = posted;
      const host = segments[0];
      const known = hostRouting && host !== undefined ? { ...data, host } : data;
      const route: Route = {
        path: key,
        depth: hostRouting && segments.length > 0 ? segments.length - 1 : segments.length,
        data: { ...known, target: posted.target },
        target: parseTarget(posted.target),
        lastActivity,
      };
      const replaced = routes.get(key);
      routes.set(key, route);
      nodeAt(root, segments).route = route;
      tell({ kind: 'added', route, replaced });
      return route;
    },
    remove: (path) => {
      const segments = segmentsOf(path);
      const key = `/${segments.join('/')}`;
      const route = routes.get(key);
      if (route === undefined) return false;
      routes.delete(key);
      prune(root, segments, 0);
      tell({ kind: 'removed', route });
      return true;
    },
    get: (path) => routes.get(`/${segmentsOf(path).join('/')}`),
    match: (segments) => {
      let node = root;
      let found = node.route;
      for (const segment of segments) {
        const next = node.children.get(segment);
        if (next === undefined) break;
        node = next;
        if (node.route !== undefined) found = node.route;
      }
      return found;
    },
    routes: () => routes.values(),
    touch: (route) => {
      route.lastActivity = clock();
    },
    watch: (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
  };
}

/** A Map, not an object: a user may be called "constructor". */
interface Node {
  readonly children: Map<string, Node>;
  route: Route | undefined;
}

/** The node at `segments`, created if necessary. */
function nodeAt(root: Node, segments: readonly string[]): Node {
  let node = root;
  for (const segment of segments) {
    let next = node.children.get(segment);
    if (next === undefined) {
      next = { children: new Map(), route: undefined };
      node.children.set(segment, next);
    }
    node = next;
  }
  return node;
}

/** Removes the route at `segments`, and nodes that are empty after that. */
function prune(node: Node, segments: readonly string[], at: number): void {
  const segment = segments[at];
  if (segment === undefined) {
    node.route = undefined;
    return;
  }
  const child = node.children.get(segment);
  if (child === undefined) return;
  prune(child, segments, at + 1);
  if (child.route === undefined && child.children.size === 0) node.children.delete(segment);
}
