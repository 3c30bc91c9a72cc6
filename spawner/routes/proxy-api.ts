// Calls of the proxy's routes API, as configurable-http-proxy has it. Not here: which routes there are to be (routes.ts).
import type { Config } from '../../config/load.ts';

export type RouteData = { readonly target?: string } & Readonly<Record<string, unknown>>;
/** By path, as keyOf() writes it. */
export type Table = Readonly<Record<string, RouteData>>;

/** One call: method, prefix ("" for all routes) and the entry to post. Null: there is no such entry. */
export type ProxyApi = (method: string, prefix: string, body?: RouteData) => Promise<RouteData | null>;

const callTimeout = 10_000;

/** How the proxy's table names a path: decoded, without a slash at its end. */
export function keyOf(prefix: string): string {
  return decodeURIComponent(prefix.length > 1 ? prefix.replace(/\/$/, '') : prefix);
}

export function createProxyApi(proxy: NonNullable<Config['proxy']>): ProxyApi {
  const base = proxy.api_url.replace(/\/$/, '');
  const headers = proxy.token === null ? undefined : { authorization: `token ${proxy.token}` };
  return async (method, prefix, body) => {
    const path = prefix.length > 1 ? prefix.replace(/\/$/, '') : prefix;
    const response = await fetch(`${base}/api/routes${path}`, {
      method,
      ...(headers === undefined ? {} : { headers }),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(callTimeout),
    });
    const text = await response.text();
    if (response.status === 404) return null;
    if (!response.ok)
      throw new Error(`${method} of the route ${prefix} was answered with ${response.status}`);
    return method === 'GET' ? (JSON.parse(text) as RouteData) : null;
  };
}
