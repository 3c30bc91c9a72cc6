// What the stages of one server's life share: its record, its progress, and what it holds at the moment.
// Not here: the stages (start-server.ts, end-server.ts) and their order (server.ts).
import { toPortwrapError } from '../../config/errors.ts';
import type { Profile } from '../../config/load.ts';
import type { Logger } from '../../config/logger.ts';
import type { Audit } from '../audit/audit.ts';
import type { Launcher, LaunchRequest, RunningServer } from '../launchers/launcher.ts';
import { logFileOf } from '../logs/files.ts';
import type { Meter, PhaseTimes } from '../records/meter.ts';
import { createProgressLog, type ProgressLog } from '../records/progress.ts';
import { routeOf, type ServerRecord, serverLabel } from '../records/record.ts';
import type { Records } from '../records/records.ts';
import { follow } from '../records/server-state.ts';
import type { ServerTokens } from '../records/server-tokens.ts';
import type { StateDirectory } from '../records/state-directory.ts';
import type { PortRoutes } from '../routes/ports/port-routes.ts';
import type { Routes } from '../routes/routes.ts';
import { createForwardState, type ForwardState } from './forward/forward-state.ts';
import type { StartQueue } from './start-queue.ts';

/** What all servers share. */
export interface ServerParts {
  readonly records: Records;
  readonly routes: Routes;
  /** Those of the ports inside. */
  readonly portRoutes: Pick<PortRoutes, 'begin' | 'end' | 'isOurs' | 'isTaken'>;
  /** The path of the page where the user finds what the server has opened; null: there is none. */
  readonly portsPage: (record: ServerRecord) => string | null;
  readonly queue: StartQueue;
  readonly tokens: Pick<ServerTokens, 'forget'>;
  readonly state: Pick<StateDirectory, 'path' | 'logs'>;
  readonly meter: Meter;
  readonly audit: Pick<Audit, 'record'>;
  readonly log: Logger;
}

export interface ServerTask {
  readonly record: ServerRecord;
  /** The one that the record names. */
  readonly launcher: Launcher;
  /** What to start; null: the server was started by an earlier service, and is adopted. */
  readonly launch: LaunchRequest | null;
  readonly timeouts: Pick<Profile, 'ready_timeout' | 'stop_timeout'>;
}

export interface Life {
  readonly parts: Omit<ServerParts, 'log'>;
  /** Says which server it is. */
  readonly log: Logger;
  readonly launcher: Launcher;
  readonly isAdopted: boolean;
  /** Its route in the proxy's table; null: it has none. */
  readonly route: string | null;
  readonly logFile: string;
  /** Milliseconds. */
  readonly readyTimeout: number;
  readonly progress: ProgressLog;
  /** Aborted, with the reason, when it is to end. */
  readonly cancel: AbortController;
  /** Until it is started, and no longer: it holds the secrets of the request (tokens, a key). */
  launch: LaunchRequest | null;
  record: ServerRecord;
  running: RunningServer | null;
  readonly forward: ForwardState;
  /** Is it to have its route? */
  isRouted: boolean;
  phases: PhaseTimes;
  wasReady: boolean;
  /** Is it being stopped? */
  isEnding: boolean;
  /** Milliseconds that it has to end by itself. */
  grace: number;
  /** Gives its place in the start queue back; more than once does nothing. */
  leaveQueue: () => void;
}

export function createLife(parts: ServerParts, task: ServerTask): Life {
  const { record, launcher, launch, timeouts } = task;
  const { hub, user, spawn_id } = record;
  return {
    parts,
    log: parts.log.child({ hub, user, server: serverLabel(record), spawn_id }),
    isAdopted: launch === null,
    route: routeOf(record),
    logFile: logFileOf(parts.state, record.id),
    readyTimeout: timeouts.ready_timeout * 1000,
    progress: createProgressLog(),
    cancel: new AbortController(),
    ...{ launcher, launch, record },
    running: null,
    forward: createForwardState(),
    isRouted: false,
    phases: record.phases,
    wasReady: record.state !== 'starting',
    isEnding: false,
    grace: timeouts.stop_timeout * 1000,
    leaveQueue() {},
  };
}

/** Resolves when the change is on disk; it counts at once. */
export function change(life: Life, fields: Partial<ServerRecord>): Promise<void> {
  const { record } = life;
  life.record = { ...record, ...fields, state: follow(record.state, fields.state ?? record.state) };
  return life.parts.records.save(life.record);
}

/** For a change that is true whether or not it can be written down. */
export function note(life: Life, fields: Partial<ServerRecord>): Promise<void> {
  return change(life, fields).catch((error: unknown) => {
    const { code, message, hint } = toPortwrapError(error);
    life.log.error({ code, reason: message, hint }, 'could not update the record of the server');
  });
}
