// Stops orphaned servers: those that their hub does not know in two successful comparisons in a row. While a hub is
// unreachable, none of its servers is stopped. Not here: the requests (hub-api.ts).
import { PortwrapError } from '../../config/errors.ts';
import type { Config, Hub } from '../../config/load.ts';
import type { Logger } from '../../config/logger.ts';
import { type ServerRecord, serverLabel } from '../records/record.ts';
import type { Servers } from '../servers/servers.ts';
import { askedAt } from './api-address.ts';
import { askHub, type HubServers } from './hub-api.ts';

export interface OrphanCleanup {
  close(): void;
}

export interface OrphanCleanupInput {
  readonly servers: Pick<Servers, 'list' | 'stop'>;
  readonly config: () => Config;
  readonly log: Logger;
  /** Milliseconds between two checks for due comparisons. */
  readonly tick?: number;
}

/** What is known of one hub between two comparisons. */
interface HubWatch {
  /** Records that were unknown in the last comparison. */
  orphans: ReadonlySet<string>;
  /** Did the last comparison fail? */
  isAway: boolean;
  /** Monotonic milliseconds; never, while a comparison goes on. */
  next: number;
}

/** Compares at once, and then as often as each hub's `reaper.interval` says. */
export function startOrphanCleanup(input: OrphanCleanupInput): OrphanCleanup {
  let isClosed = false;
  const watches = new Map<string, HubWatch>();

  async function compareWith(hub: Hub, reaper: NonNullable<Hub['reaper']>, watch: HubWatch): Promise<void> {
    const log = input.log.child({ hub: hub.name });
    watch.next = Number.POSITIVE_INFINITY;
    try {
      const orphans = await orphansOf(hub, reaper.token, input.servers);
      if (isClosed) return;
      for (const record of orphans) handleOrphan(record, watch.orphans.has(record.id), log);
      watch.orphans = new Set(orphans.map(({ id }) => id));
      if (watch.isAway) log.info('the hub responds again');
      watch.isAway = false;
    } catch (error) {
      watch.orphans = new Set(); // a failed comparison resets the count
      if (!watch.isAway && !isClosed)
        log.warn({ error: (error as Error).message }, 'could not get the list of servers from the hub');
      watch.isAway = true;
    }
    watch.next = performance.now() + reaper.interval * 1000;
  }

  function handleOrphan(record: ServerRecord, isSecondTime: boolean, log: Logger): void {
    const entry = { server: serverLabel(record), spawn_id: record.spawn_id };
    if (!isSecondTime) {
      log.warn(entry, 'this server is unknown to the hub');
      return;
    }
    log.warn(entry, 'stopping orphaned server: unknown to the hub in two checks');
    const reason = new PortwrapError('HUB_FORGOT', 'stopped because its hub does not know it');
    input.servers.stop(record, record.spawn_id, false, reason).catch((error: unknown) => {
      log.error({ ...entry, err: error }, 'could not stop the orphaned server');
    });
  }

  const compareDue = () => {
    for (const hub of input.config().hubs) {
      const watch = watches.get(hub.name) ?? { orphans: new Set(), isAway: false, next: 0 };
      watches.set(hub.name, watch);
      if (hub.reaper !== null && performance.now() >= watch.next) void compareWith(hub, hub.reaper, watch);
    }
  };
  compareDue();
  const timer = setInterval(compareDue, input.tick ?? 500).unref();
  return {
    close() {
      clearInterval(timer);
      isClosed = true;
    },
  };
}

/** The servers of ours that run or are being started, and that the hub does not know. Rejects when in doubt. */
async function orphansOf(
  hub: Hub,
  token: string,
  servers: OrphanCleanupInput['servers'],
): Promise<readonly ServerRecord[]> {
  // listed first: a server that starts later cannot be missing in the hub's response
  const ours = servers
    .list(hub.name)
    .map(({ record }) => record)
    .filter(({ state }) => state === 'starting' || state === 'ready');
  if (ours.length === 0) return [];
  const known = await askHub(askedAt(hub), token);
  try {
    return await unknownTo(known, ours);
  } finally {
    known.close();
  }
}

/**
 * The list may change while its pages are read, so whoever is missing is asked for by name. A user of whom the hub
 * has a server that we do not know may have renamed one that runs (JupyterHub 6): then none of theirs is unknown.
 */
async function unknownTo(hub: HubServers, ours: readonly ServerRecord[]): Promise<ServerRecord[]> {
  const active = await hub.active();
  const missing = ours.filter(({ user, name }) => !active.get(user)?.has(name));
  const orphans: ServerRecord[] = [];
  for (const record of missing) {
    const theirs = await hub.of(record.user);
    const isOurs = (name: string) => ours.some((one) => one.user === record.user && one.name === name);
    if ([...theirs].every(isOurs) && !theirs.has(record.name)) orphans.push(record);
  }
  return orphans;
}
