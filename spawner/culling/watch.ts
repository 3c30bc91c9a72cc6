// Polls every ready server at an interval, keeps its activity, and stops idle ones. Polls are spread over the
// interval. Not here: evaluating a poll (activity.ts), the requests to a server (jupyter.ts).
import { PortwrapError } from '../../config/errors.ts';
import type { Config } from '../../config/load.ts';
import type { Logger } from '../../config/logger.ts';
import { addressOf, routeOf, serverLabel } from '../records/record.ts';
import type { ServerTokens } from '../records/server-tokens.ts';
import type { Routes } from '../routes/routes.ts';
import { urlOf } from '../servers/exit-reason.ts';
import type { Server } from '../servers/server.ts';
import type { Servers } from '../servers/servers.ts';
import { type ActivityView, firstNote, type Look, look, nothingKnown, viewOf } from './activity.ts';
import type { Note, Notes } from './activity-store.ts';
import type { Clock } from './clock.ts';
import { type Activity, type Answer, askJupyter } from './jupyter.ts';
import { type LinkUse, notUsed } from './link-use.ts';
import { rulesFor } from './rules.ts';

export interface ActivityWatch {
  /** Begins to poll; until then all activity is unknown. */
  begin(): void;
  /** The activity of the server with that record. */
  of(id: string): ActivityView;
  totals(): ActivityTotals;
  close(): Promise<void>;
}

export interface ActivityTotals extends Activity {
  /** The number of polled servers whose activity is unknown. */
  readonly unknown: number;
}

export interface WatchInput {
  readonly servers: Pick<Servers, 'list'>;
  readonly config: () => Config;
  readonly routes: Pick<Routes, 'lastActivity'>;
  readonly tokens: Pick<ServerTokens, 'of'>;
  readonly notes: Notes;
  readonly clock: Clock;
  readonly log: Logger;
  /** How the ports of the server with that record are used through links. */
  readonly useOf?: (id: string) => LinkUse;
  readonly ask?: typeof askJupyter;
}

interface Watched {
  note: Note;
  look: Look | null;
  /** The reason why the activity is unknown; null: it is known. */
  unknown: string | null;
  nextLook: number;
  isLooking: boolean;
}

/** Seconds within which a new server is first polled; also the interval of saving notes. */
const soon = 15;
const tick = 500;
/** The result without a request: each one would log an error in the server's log. */
const closedToUs: Answer = {
  kind: 'unknown',
  reason: 'with internal_ssl it accepts only its hub and the proxy',
};

export function createActivityWatch(input: WatchInput): ActivityWatch {
  const {
    servers,
    config,
    routes,
    tokens,
    notes,
    clock,
    log,
    ask = askJupyter,
    useOf = () => notUsed,
  } = input;
  const watched = new Map<string, Watched>();
  let known: ReadonlyMap<string, Note> = new Map();
  let saved = clock.monotonic();
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  const watch = (id: string): Watched => {
    const present = watched.get(id);
    if (present !== undefined) return present;
    const now = clock.monotonic();
    const nextLook = now + Math.random() * Math.min(soon, config().service.activity_interval);
    const made = {
      note: known.get(id) ?? firstNote(now),
      look: null,
      unknown: null,
      nextLook,
      isLooking: false,
    };
    watched.set(id, made);
    return made;
  };

  async function lookAt(server: Server, subject: Watched): Promise<void> {
    const { id, route_prefix: prefix, certificate } = server.record;
    const address = addressOf(server.record);
    // its token must not reach another server
    if (address === null || !server.isReachable) return;
    const base = `${urlOf(server.record, address)}${prefix ?? '/'}`;
    const answer = certificate === null ? await ask(base, tokens.of(id)) : closedToUs;
    if (isClosed || server.record.state !== 'ready') return;
    const current = config();
    const profile = current.profiles.find(({ name }) => name === server.record.profile);
    const rules = profile === undefined ? null : rulesFor(profile.culling, server.record.name);
    const routed = routeOf(server.record);
    const route = routed === null ? null : routes.lastActivity(routed);
    const isRouted = current.proxy !== null && routed !== null;
    const wasWarned = subject.look?.verdict ?? null;
    subject.look = look(subject.note, { answer, route, isRouted, links: useOf(id) }, rules, clock);
    subject.note = subject.look.note;
    tell(server, subject, answer.kind === 'unknown' ? answer.reason : null, wasWarned === null);
    if (subject.look.verdict?.isDue) cull(server, subject.look.verdict);
  }

  function tell(server: Server, subject: Watched, unknown: string | null, isNew: boolean): void {
    const entry = { server: serverLabel(server.record), spawn_id: server.record.spawn_id };
    if (unknown !== null && subject.unknown === null)
      log.info({ ...entry, reason: unknown }, 'the activity of the server is unknown');
    subject.unknown = unknown;
    const { verdict } = subject.look ?? {};
    if (verdict && isNew && !verdict.isDue) {
      const { cull_at, cull_reason } = viewOf(subject.look as Look, clock);
      log.info({ ...entry, cull_at, cull_reason }, 'the server will be stopped soon');
    }
  }

  function cull(server: Server, { code, reason }: NonNullable<Look['verdict']>): void {
    const { record } = server;
    log.info({ server: serverLabel(record), spawn_id: record.spawn_id, code, reason }, 'culling');
    void server.stop(false, new PortwrapError(code, reason, { server: serverLabel(record) }));
  }

  function lookAround(): void {
    const now = clock.monotonic();
    const { activity_interval: interval } = config().service;
    const ready = servers.list().filter(({ record }) => record.state === 'ready');
    const ids = new Set(ready.map(({ record }) => record.id));
    for (const id of watched.keys()) if (!ids.has(id)) watched.delete(id);
    for (const server of ready) {
      const subject = watch(server.record.id);
      if (subject.isLooking || now < subject.nextLook) continue;
      subject.isLooking = true;
      lookAt(server, subject)
        .catch((error: unknown) => log.error({ err: error }, 'internal error while polling a server'))
        .finally(() => {
          const after = clock.monotonic();
          const end = subject.look?.verdict?.cullAt ?? Number.POSITIVE_INFINITY;
          subject.nextLook = Math.max(after + 0.5, Math.min(now + interval, end));
          subject.isLooking = false;
        });
    }
    if (now - saved >= soon) {
      saved = now;
      void save();
    }
  }

  const save = () => notes.save(new Map([...watched].map(([id, { note }]) => [id, note])));

  return {
    begin() {
      known = notes.load();
      for (const { record } of servers.list()) if (record.state === 'ready') watch(record.id);
      timer = setInterval(lookAround, tick).unref();
    },
    of(id) {
      const seen = watched.get(id)?.look;
      return seen ? viewOf(seen, clock) : nothingKnown;
    },
    totals() {
      const sums = { kernels: 0, busy: 0, terminals: 0, connections: 0, unknown: 0 };
      for (const { look: seen, unknown } of watched.values()) {
        if (unknown !== null) sums.unknown += 1;
        sums.kernels += seen?.activity?.kernels ?? 0;
        sums.busy += seen?.activity?.busy ?? 0;
        sums.terminals += seen?.activity?.terminals ?? 0;
        sums.connections += seen?.activity?.connections ?? 0;
      }
      return sums;
    },
    async close() {
      clearInterval(timer);
      isClosed = true;
      if (timer !== undefined) await save();
    },
  };
}
