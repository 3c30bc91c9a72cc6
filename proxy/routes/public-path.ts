// Parses the request target of a client into the segments for the route lookup and the path for the upstream. Both come
// from one parse, so that no request is routed as one path and served as another.
// Not here: the lookup (table.ts), joining with the target's path (front/resolve.ts).

export interface PublicPath {
  /** Decoded; %2F separates like "/", as it does for configurable-http-proxy. */
  readonly segments: readonly string[];
  /** As the client sent it; with dot segments or backslashes, normalised. */
  readonly path: string;
  /** With its "?", or empty. */
  readonly query: string;
}

/** Parses the request target `url`; undefined if a percent-encoding in it is malformed. */
export function readPublicPath(url: string): PublicPath | undefined {
  let target = url.charCodeAt(0) === 47 ? url : originForm(url);
  const fragment = target.indexOf('#');
  if (fragment >= 0) target = target.slice(0, fragment);
  const mark = target.indexOf('?');
  let path = mark < 0 ? target : target.slice(0, mark);
  const query = mark < 0 ? '' : target.slice(mark);
  if (needsResolving.test(path)) path = new URL(`http://proxy${path}`).pathname;
  const decoded = path.includes('%') ? decode(path) : path;
  return decoded === undefined ? undefined : { segments: splitPath(decoded), path, query };
}

/** The segments of a decoded path, without leading and trailing slashes. */
export function splitPath(path: string): string[] {
  let start = 0;
  let end = path.length;
  while (start < end && path.charCodeAt(start) === 47) start++;
  while (end > start && path.charCodeAt(end - 1) === 47) end--;
  return start === end ? [] : path.slice(start, end).split('/');
}

/** The raw `path` without its first `count` segments: empty, or it starts with a slash. */
export function withoutPrefix(path: string, count: number): string {
  const separator = /(?:\/|%2f)/gi;
  const leading = /^(?:\/|%2f)*/i.exec(path)?.[0].length ?? 0;
  if (count === 0) return path;
  separator.lastIndex = leading;
  let end = path.length;
  for (let seen = 0; seen < count; seen++) {
    const found = separator.exec(path);
    end = found === null ? path.length : found.index;
  }
  const rest = path.slice(end);
  return rest === '' || rest.startsWith('/') ? rest : `/${rest.replace(/^%2f/i, '')}`;
}

/** Dot segments in any encoding, and backslashes, which URL parsers of browsers treat as slashes. */
const needsResolving = /\\|\/(?:\.|%2e){1,2}(?:\/|\\|$)/i;

function originForm(url: string): string {
  const rest = url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#\\]*/i, '');
  return rest.startsWith('/') ? rest : `/${rest}`;
}

function decode(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}
