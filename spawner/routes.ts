// The routes that our servers need in the proxy: a wish list that is compared with what the proxy has, at
// every change and from time to time, so that a restarted proxy gets them back. An entry that already points
// to the right target is left alone: the hub writes its own for the same paths.

import type { Config } from '../config/load.ts';
import type { Logger } from '../config/logger.ts';

/** Milliseconds between comparisons when nothing changes. */
const defaultInterval = 30_000;
const callTimeout = 10_000;

export interface Routes {
  /** Wants `prefix` to lead to `target`. Resolves after the first try; a failed one is repeated. */
  add(prefix: string, target: string): Promise<void>;
  /** No longer wants it; removes the entry if it still points to `target`. */
  remove(prefix: string, target: string): Promise<void>;
  close(): void;
}

/** For a service without a proxy: the hub keeps the routes. */
export const noRoutes: Routes = { add: async () => {}, remove: async () => {}, close() {} };

type ProxySettings = NonNullable<Config['proxy']>;
type RouteData = { readonly target?: string } & Readonly<Record<string, unknown>>;

export function createRoutes(proxy: ProxySettings, log: Logger, interval = defaultInterval): Routes {
  const wanted = new Map<string, string>();
  const call = createCaller(proxy);

  const add = async (prefix: string, target: string) => {
    const present = await call('GET', prefix);
    if (present?.target !== target) await call('POST', prefix, { ...present, target });
  };
  const guarded = async (prefix: string, work: Promise<void>) => {
    try {
      await work;
    } catch (error) {
      log.warn(
        { prefix, error: (error as Error).message },
        'the proxy did not take a change of routes; trying again',
      );
    }
  };
  const timer = setInterval(() => {
    for (const [prefix, target] of wanted) void guarded(prefix, add(prefix, target));
  }, interval);
  timer.unref();

  return {
    async add(prefix, target) {
      wanted.set(prefix, target);
      await guarded(prefix, add(prefix, target));
    },
    async remove(prefix, target) {
      if (wanted.get(prefix) === target) wanted.delete(prefix);
      const work = async () => {
        const present = await call('GET', prefix);
        if (present?.target === target) await call('DELETE', prefix);
      };
      await guarded(prefix, work());
    },
    close: () => clearInterval(timer),
  };
}

function createCaller(proxy: ProxySettings) {
  const base = proxy.api_url.replace(/\/$/, '');
  const headers = proxy.token === null ? undefined : { authorization: `token ${proxy.token}` };
  return async (method: string, prefix: string, body?: RouteData): Promise<RouteData | null> => {
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
