// The routes that our servers need in the proxy: a wish list that is compared with what the proxy has, at
// every change and from time to time, so that a restarted proxy gets them back. An entry that already points
// to the right target is left alone: the hub writes its own for the same paths.
// Not here: calls of the proxy's API (proxy-api.ts).

import type { Config } from '../../config/load.ts';
import type { Logger } from '../../config/logger.ts';
import { createProxyApi, keyOf, type RouteData, type Table } from './proxy-api.ts';

/** Milliseconds between comparisons: so long is a restarted proxy without its routes. */
const defaultInterval = 2_000;

export interface Routes {
  /** Wants `prefix` to lead to `target`. Resolves after the first try; a failed one is repeated. */
  add(prefix: string, target: string): Promise<void>;
  /** The same, unless the path is that of a route which was added; a later add() of it replaces this one. */
  addBeside(prefix: string, target: string): Promise<void>;
  /** No longer wants it; removes the entry if it still points to `target`. A failed try is repeated. */
  remove(prefix: string, target: string): Promise<void>;
  /**
   * Removes the entry, which must not come back before the next add(): `target` may be another program's port. What the
   * hub wrote into the entry comes back with it.
   */
  suspend(prefix: string, target: string): Promise<void>;
  /**
   * Removes the entries of users' servers that `isOurs` does not know: those that this service made, and those of the
   * hub whose target could be one of our host ports. A failed try is repeated.
   */
  dropStale(stale: StaleRoutes): Promise<void>;
  /** All entries of the proxy as they are now, also those of others. */
  table(): Promise<Table>;
  /** When the proxy last saw traffic for it, ISO 8601; null: nobody can tell now. */
  lastActivity(prefix: string): string | null;
  close(): void;
}

export interface StaleRoutes {
  /** Does a server that runs have this target? `path` is as the proxy has it. */
  readonly isOurs: (target: string, path: string) => boolean;
  /** Could it be a host port of ours? */
  readonly isHostPort: (target: string) => boolean;
}

/** For a service without a proxy: the hub keeps the routes. */
export const noRoutes: Routes = {
  add: async () => {},
  addBeside: async () => {},
  remove: async () => {},
  suspend: async () => {},
  dropStale: async () => {},
  table: async () => ({}),
  lastActivity: () => null,
  close() {},
};

export interface RoutesInput {
  readonly proxy: NonNullable<Config['proxy']>;
  /** Marks the entries that this service makes: the id of its state directory. */
  readonly mark: string;
  readonly log: Logger;
  readonly interval?: number;
}

export function createRoutes({ proxy, mark, log, interval = defaultInterval }: RoutesInput): Routes {
  const wanted = new Map<string, string>();
  /** Entries that are to go, by prefix and target, as long as the proxy may have them. */
  const unwanted = new Map<
    string,
    { readonly prefix: string; readonly target: string; readonly stays: boolean }
  >();
  /** What the entries of suspended routes held. */
  const suspended = new Map<string, RouteData>();
  let stale: StaleRoutes | null = null;
  const call = createProxyApi(proxy);

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
    if (wanted.get(prefix) !== target) return;
    const present = await call('GET', prefix);
    if (present?.target !== target) {
      const kept = present ?? suspended.get(prefix);
      await call('POST', prefix, { ...kept, target, [markName]: mark });
    }
    suspended.delete(prefix);
  };
  const drop = async (prefix: string, target: string): Promise<RouteData | null> => {
    const present = await call('GET', prefix);
    if (present?.target !== target) return null;
    await call('DELETE', prefix);
    return present;
  };
  const dropUnwanted = async (key: string) => {
    const entry = unwanted.get(key);
    if (entry === undefined) return;
    const removed = await drop(entry.prefix, entry.target);
    if (entry.stays && removed !== null) suspended.set(entry.prefix, removed);
    if (!entry.stays && unwanted.get(key) === entry) unwanted.delete(key);
  };
  const takeAway = (prefix: string, target: string, stays: boolean) => {
    if (wanted.get(prefix) === target) wanted.delete(prefix);
    const key = entryKey(prefix, target);
    unwanted.set(key, { prefix, target, stays });
    return inTurn(() => dropUnwanted(key));
  };
  const dropAllStale = async ({ isOurs, isHostPort }: StaleRoutes) => {
    const table = (await call('GET', '')) as Table;
    for (const [path, data] of Object.entries(table)) {
      const { target = '' } = data;
      const isCandidate = data[markName] === mark || (isOfServer(data) && isHostPort(target));
      if (!isCandidate || isOurs(target, path)) continue;
      if ((await drop(encodedPath(path), target)) !== null)
        log.warn(
          { route: path, target },
          'removed a route of the proxy to a server that does not run any more',
        );
    }
    stale = null;
  };
  const compare = async () => {
    if (stale !== null) await dropAllStale(stale);
    for (const key of unwanted.keys()) await dropUnwanted(key);
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

  /** In whatever spelling: "/a" and "/a/" are one entry of the proxy. */
  const samePath = (prefix: string) => [...wanted.keys()].filter((other) => keyOf(other) === keyOf(prefix));
  const add = (prefix: string, target: string) => {
    for (const other of samePath(prefix)) wanted.delete(other);
    wanted.set(prefix, target);
    unwanted.delete(entryKey(prefix, target));
    return inTurn(() => ensure(prefix, target));
  };

  return {
    add,
    async addBeside(prefix, target) {
      if (samePath(prefix).every((other) => wanted.get(other) === target)) await add(prefix, target);
    },
    async remove(prefix, target) {
      await takeAway(prefix, target, false);
      if (!wanted.has(prefix)) suspended.delete(prefix);
    },
    suspend: (prefix, target) => takeAway(prefix, target, true),
    dropStale(given) {
      stale = given;
      return inTurn(() => dropAllStale(given));
    },
    table: async () => (await call('GET', '')) as Table,
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

/** In the data of an entry. The hub's own entries do not have it. */
const markName = 'portwrap_spawner';

/** The path of a key of the proxy's table. */
function encodedPath(key: string): string {
  return key.split('/').map(encodeURIComponent).join('/');
}

function entryKey(prefix: string, target: string): string {
  return JSON.stringify([keyOf(prefix), target]);
}

/** As JupyterHub marks the routes of users' servers; or of a service with another state directory, before a reboot. */
function isOfServer({ jupyterhub, user, [markName]: marked }: RouteData): boolean {
  return typeof marked === 'string' || (jupyterhub === true && typeof user === 'string');
}
