// The routes that our servers need in the proxy: a wish list that is compared with what the proxy has, at
// every change and from time to time, so that a restarted proxy gets them back. An entry that already points
// to the right target is left alone: the hub writes its own for the same paths.

import type { Config } from '../../config/load.ts';
import type { Logger } from '../../config/logger.ts';

/** Milliseconds between comparisons: so long is a restarted proxy without its routes. */
const defaultInterval = 2_000;
const callTimeout = 10_000;

export interface Routes {
  /** Wants `prefix` to lead to `target`. Resolves after the first try; a failed one is repeated. */
  add(prefix: string, target: string): Promise<void>;
  /** No longer wants it; removes the entry if it still points to `target`. */
  remove(prefix: string, target: string): Promise<void>;
  /** When the proxy last saw traffic for it, ISO 8601; null: nobody can tell now. */
  lastActivity(prefix: string): string | null;
  close(): void;
}

/** For a service without a proxy: the hub keeps the routes. */
export const noRoutes: Routes = {
  add: async () => {},
  remove: async () => {},
  lastActivity: () => null,
  close() {},
};

type ProxySettings = NonNullable<Config['proxy']>;
type RouteData = { readonly target?: string } & Readonly<Record<string, unknown>>;
type Table = Readonly<Record<string, RouteData>>;

export function createRoutes(proxy: ProxySettings, log: Logger, interval = defaultInterval): Routes {
  const wanted = new Map<string, string>();
  const call = createCaller(proxy);

  let away = false;
  let seen: Table = {};
  let last: Promise<void> = Promise.resolve();
  /** One change at a time: a comparison must not put back what a removal has just taken away. */
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    last = last.then(work).then(
      () => {
        if (away) log.info('the proxy answers again');
        away = false;
      },
      (error: Error) => {
        if (!away)
          log.warn({ error: error.message }, 'the proxy did not take a change of routes; trying again');
        away = true;
      },
    );
    return last;
  };
  const ensure = async (prefix: string, target: string) => {
    const present = await call('GET', prefix);
    if (present?.target !== target) await call('POST', prefix, { ...present, target });
  };
  const compare = async () => {
    if (wanted.size === 0) return;
    const table = (await call('GET', '')) as Table;
    seen = table;
    for (const [prefix, target] of wanted) {
      if (table[keyOf(prefix)]?.target !== target) await ensure(prefix, target);
    }
  };
  // the next one begins when this one has ended, however long the proxy takes
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  const compareLater = () => {
    if (closed) return;
    timer = setTimeout(() => inTurn(compare).then(compareLater), interval).unref();
  };
  compareLater();

  return {
    add(prefix, target) {
      wanted.set(prefix, target);
      return inTurn(() => ensure(prefix, target));
    },
    remove(prefix, target) {
      if (wanted.get(prefix) === target) wanted.delete(prefix);
      return inTurn(async () => {
        const present = await call('GET', prefix);
        if (present?.target === target) await call('DELETE', prefix);
      });
    },
    lastActivity(prefix) {
      const time = away ? undefined : seen[keyOf(prefix)]?.last_activity;
      return typeof time === 'string' && !Number.isNaN(Date.parse(time)) ? time : null;
    },
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}

/** How the proxy's table names a path: decoded, without a slash at its end. */
function keyOf(prefix: string): string {
  return decodeURIComponent(prefix.length > 1 ? prefix.replace(/\/$/, '') : prefix);
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
