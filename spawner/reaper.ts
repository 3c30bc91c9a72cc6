// Stops servers that nobody will ever stop: those that their hub does not know, in two comparisons in a row. A hub
// that cannot be asked knows everything. Not here: asking it (hub-servers.ts).
import { PortwrapError } from '../config/errors.ts';
import type { Config, Hub } from '../config/load.ts';
import type { Logger } from '../config/logger.ts';
import { askHub, type HubServers } from './hub-servers.ts';
import { type ServerRecord, serverLabel } from './record.ts';
import type { Servers } from './servers.ts';

export interface Reaper {
  close(): void;
}

export interface ReaperInput {
  readonly servers: Pick<Servers, 'list' | 'stop'>;
  readonly config: () => Config;
  readonly log: Logger;
  /** Milliseconds between two looks at what is due. */
  readonly tick?: number;
}

/** What is known of one hub between two comparisons. */
interface HubWatch {
  /** Records that were unknown in the last comparison. */
  strangers: ReadonlySet<string>;
  /** Could it not be asked? */
  isAway: boolean;
  /** Monotonic milliseconds; never, while a comparison goes on. */
  next: number;
}

/** Compares at once, and then as often as each hub's `reaper.interval` says. */
export function startReaper(input: ReaperInput): Reaper {
  const abort = new AbortController();
  const watches = new Map<string, HubWatch>();

  async function visit(hub: Hub, reaper: NonNullable<Hub['reaper']>, watch: HubWatch): Promise<void> {
    const log = input.log.child({ hub: hub.name });
    watch.next = Number.POSITIVE_INFINITY;
    try {
      watch.strangers = await compare(hub, reaper.token, watch.strangers, input, abort.signal);
      if (watch.isAway) log.info('the hub can be asked again');
      watch.isAway = false;
    } catch (error) {
      watch.strangers = new Set(); // two in a row are two that were heard
      if (!watch.isAway && !abort.signal.aborted)
        log.warn({ error: (error as Error).message }, 'the hub cannot be asked which servers it knows');
      watch.isAway = true;
    }
    watch.next = performance.now() + reaper.interval * 1000;
  }

  const lookAround = () => {
    for (const hub of input.config().hubs) {
      const watch = watches.get(hub.name) ?? { strangers: new Set(), isAway: false, next: 0 };
      watches.set(hub.name, watch);
      if (hub.reaper !== null && performance.now() >= watch.next) void visit(hub, hub.reaper, watch);
    }
  };
  lookAround();
  const timer = setInterval(lookAround, input.tick ?? 500).unref();
  return {
    close() {
      clearInterval(timer);
      abort.abort();
    },
  };
}

/** Stops what was unknown before and still is; settles with the records of what is unknown now. */
async function compare(
  hub: Hub,
  token: string,
  before: ReadonlySet<string>,
  input: ReaperInput,
  abort: AbortSignal,
): Promise<ReadonlySet<string>> {
  // asked for first: what is started from now on cannot be missing in the hub's answer
  const ours = input.servers
    .list(hub.name)
    .map(({ record }) => record)
    .filter(({ state }) => state === 'starting' || state === 'ready');
  if (ours.length === 0) return new Set();
  const known = await askHub(hub.api_url, token, abort);
  try {
    const strangers = await unknownTo(known, ours);
    for (const record of strangers) {
      const entry = { hub: hub.name, server: serverLabel(record), spawn_id: record.spawn_id };
      if (!before.has(record.id)) input.log.warn(entry, 'the hub does not know this server');
      else {
        input.log.warn(entry, 'the hub still does not know this server: it is stopped');
        const reason = new PortwrapError('HUB_FORGOT', 'stopped because its hub does not know it');
        void input.servers.stop(record, record.spawn_id, false, reason).catch((error: unknown) => {
          input.log.error({ ...entry, err: error }, 'the server could not be forgotten');
        });
      }
    }
    return new Set(strangers.map(({ id }) => id));
  } finally {
    known.close();
  }
}

/** The list may change while its pages are read, so whoever is missing is asked for by name. */
async function unknownTo(hub: HubServers, ours: readonly ServerRecord[]): Promise<ServerRecord[]> {
  const active = await hub.active();
  const missing = ours.filter(({ user, name }) => !active.get(user)?.has(name));
  const strangers: ServerRecord[] = [];
  for (const record of missing) {
    if (!(await hub.of(record.user)).has(record.name)) strangers.push(record);
  }
  return strangers;
}
