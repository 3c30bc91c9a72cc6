// The target of a route: its URL is parsed once, so that nothing is parsed per request.
// Not here: connecting (relay/), choosing the target of a request (routes/).
import { portOf } from '../../config/system/url-port.ts';

export interface Target {
  /** As given. */
  readonly url: string;
  /** Targets with equal keys share upstream connections. */
  readonly key: string;
  readonly tls: boolean;
  /** The name that the certificate must match; empty for a Unix socket. */
  readonly hostname: string;
  readonly port: number;
  /** Path of a Unix socket, or undefined for TCP. */
  readonly socketPath: string | undefined;
  /** The Host field that --change-origin sends. */
  readonly host: string;
  /** Path to prepend to the path of a request, without a trailing slash; usually empty. */
  readonly path: string;
  /** Query to prepend to the query of a request, without "?"; usually empty. */
  readonly query: string;
}

/** Parses a target URL; undefined unless it is an HTTP, HTTPS or Unix socket URL. */
export function parseTarget(url: string): Target | undefined {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined) return undefined;
  const path = parsed.pathname.replace(/\/$/, '');
  const query = parsed.search.slice(1);
  if (parsed.protocol === 'http+unix:' || parsed.protocol === 'unix+http:') {
    const socketPath = decodePath(parsed.hostname);
    if (socketPath === undefined) return undefined;
    const key = `unix:${socketPath}`;
    return { url, key, tls: false, hostname: '', port: 0, socketPath, host: 'localhost', path, query };
  }
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') return undefined;
  const tls = parsed.protocol === 'https:';
  const hostname = parsed.hostname.replace(/^\[|\]$/g, '');
  const port = portOf(parsed);
  const key = `${tls ? 'tls' : 'tcp'}:${hostname}:${port}`;
  return { url, key, tls, hostname, port, socketPath: undefined, host: parsed.host, path, query };
}

function decodePath(encoded: string): string | undefined {
  try {
    const path = decodeURIComponent(encoded);
    return path === '' || path.includes('\0') ? undefined : path;
  } catch {
    return undefined;
  }
}
