// The routes: which target serves which path, what was posted about it, and when its user was last active.
// Not here: the REST API (api.ts), reading a request's path (public-path.ts), the file (storage.ts).
import { parseTarget, type Target } from '../http/target.ts';
import { splitPath } from './public-path.ts';

/** Milliseconds since the epoch. */
export type Clock = () => number;

/** What was posted about a route, kept as it came; `last_activity` is held apart. */
export interface RouteData {
  readonly target: string;
  readonly [key: string]: unknown;
}

export interface Route {
  readonly path: string;
  /** How many segments of a request's path belong to the route. */
  readonly depth: number;
  readonly data: RouteData;
  /** Undefined if the posted target cannot be reached over HTTP. */
  readonly target: Target | undefined;
  /** An integer that every request may set, so that activity costs nothing. */
  lastActivity: number;
}

export type RouteChange =
  | { readonly kind: 'added'; readonly route: Route; readonly replaced: Route | undefined }
  | { readonly kind: 'removed'; readonly route: Route };

export class RouteTable {
  readonly #clock: Clock;
  readonly #hostRouting: boolean;
  readonly #routes = new Map<string, Route>();
  readonly #root: Node = { children: new Map(), route: undefined };
  readonly #watchers = new Set<(change: RouteChange) => void>();

  constructor(clock: Clock, hostRouting = false) {
    this.#clock = clock;
    this.#hostRouting = hostRouting;
  }

  get size(): number {
    return this.#routes.size;
  }

  /** Adds a route, or replaces all that was known about it. */
  add(path: string, posted: RouteData, lastActivity = this.#clock()): Route {
    const segments = this.#segments(path);
    const key = `/${segments.join('/')}`;
    const { last_activity: _, ...data } = posted;
    const host = segments[0];
    const known = this.#hostRouting && host !== undefined ? { ...data, host } : data;
    const route: Route = {
      path: key,
      depth: this.#hostRouting && segments.length > 0 ? segments.length - 1 : segments.length,
      data: { ...known, target: posted.target },
      target: parseTarget(posted.target),
      lastActivity,
    };
    const replaced = this.#routes.get(key);
    this.#routes.set(key, route);
    this.#node(segments).route = route;
    this.#tell({ kind: 'added', route, replaced });
    return route;
  }

  /** Whether there was such a route. Connections that are open keep flowing. */
  remove(path: string): boolean {
    const segments = this.#segments(path);
    const key = `/${segments.join('/')}`;
    const route = this.#routes.get(key);
    if (route === undefined) return false;
    this.#routes.delete(key);
    prune(this.#root, segments, 0);
    this.#tell({ kind: 'removed', route });
    return true;
  }

  /** The route registered for exactly this path. */
  get(path: string): Route | undefined {
    return this.#routes.get(`/${this.#segments(path).join('/')}`);
  }

  /** The route of the longest prefix. With host routing the first segment is the host. */
  match(segments: readonly string[]): Route | undefined {
    let node = this.#root;
    let found = node.route;
    for (const segment of segments) {
      const next = node.children.get(segment);
      if (next === undefined) break;
      node = next;
      if (node.route !== undefined) found = node.route;
    }
    return found;
  }

  routes(): IterableIterator<Route> {
    return this.#routes.values();
  }

  touch(route: Route): void {
    route.lastActivity = this.#clock();
  }

  /** Tells `watcher` of every change from now on; returns how to stop that. */
  watch(watcher: (change: RouteChange) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  #tell(change: RouteChange): void {
    for (const watcher of this.#watchers) watcher(change);
  }

  #segments(path: string): string[] {
    const segments = splitPath(path);
    if (this.#hostRouting && segments[0] !== undefined) segments[0] = segments[0].toLowerCase();
    return segments;
  }

  #node(segments: readonly string[]): Node {
    let node = this.#root;
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
}

/** A Map, not an object: a user may be called "constructor". */
interface Node {
  readonly children: Map<string, Node>;
  route: Route | undefined;
}

/** Removes the route at `segments` and the nodes that led only to it. */
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
