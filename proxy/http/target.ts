// Where a route leads: reads a target URL once, so that nothing is parsed per request.
// Not here: connecting to it (relay/), and which target a request gets (routes/).
import { portOf } from '../../config/system/url-port.ts';

export interface Target {
  /** As it was given. */
  readonly url: string;
  /** Targets with equal keys share upstream connections. */
  readonly key: string;
  readonly tls: boolean;
  /** The name a certificate must carry; empty for a unix socket. */
  readonly hostname: string;
  readonly port: number;
  /** Path of a unix socket, or undefined for TCP. */
  readonly socketPath: string | undefined;
  /** What --change-origin sends as Host. */
  readonly host: string;
  /** Path to put before the request's, without a trailing slash; usually empty. */
  readonly path: string;
  /** Query to put before the request's, without "?"; usually empty. */
  readonly query: string;
}

/** The target that `url` names, or undefined if it names none that can be reached over HTTP/1.1. */
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
