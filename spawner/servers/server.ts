// One server, one incarnation: from its start to the moment when nothing of it is left. The order of things
// is told in live(). Not here: which servers there are (servers.ts), what its steps do (lifecycle.ts).
import { isDeepStrictEqual } from 'node:util';
import { PortwrapError, toPortwrapError } from '../../config/errors.ts';
import type { Logger } from '../../config/logger.ts';
import { aborted, type SandboxExit } from '../../portwrap/index.ts';
import type { AdoptedServer, LaunchSteps, RunningServer } from '../launchers/launcher.ts';
import type { Meter, PhaseTimes } from '../records/meter.ts';
import { createProgressLog, type ProgressLog } from '../records/progress.ts';
import { type ErrorBody, nowhere, routeOf, type ServerRecord, serverLabel } from '../records/record.ts';
import type { Records } from '../records/records.ts';
import { follow, isAlive } from '../records/server-state.ts';
import type { Routes } from '../routes/routes.ts';
import { logEnd } from './end-entry.ts';
import { cancelled, describeExit, isDeliberate, notReady, urlOf } from './exit-reason.ts';

export interface ServerParts {
  readonly records: Records;
  readonly routes: Routes;
  readonly meter: Meter;
  readonly log: Logger;
}

export interface ServerPlan {
  readonly record: ServerRecord;
  /** Is the record on disk already? */
  readonly isRecorded: boolean;
  /** Waits for its turn; settles with how to give the place back. Rejects when aborted. */
  admit(abort: AbortSignal, report: ProgressLog['add']): Promise<() => void>;
  /** Makes it run, or adopts it. Rejects with the signal's reason when aborted. */
  obtain(abort: AbortSignal, steps: LaunchSteps): Promise<AdoptedServer>;
  /** Removes what is left of a server whose processes are gone. */
  clean(): Promise<void>;
  /** None when they cannot be read. */
  lastLines(): readonly string[];
  /** Where its output is, for whoever reads the journal; null: nowhere on this machine. */
  readonly logFile: string | null;
  /** Seconds. */
  readonly readyTimeout: number;
  readonly stopTimeout: number;
}

export interface Server {
  readonly record: ServerRecord;
  readonly progress: ProgressLog;
  /** What is over of its start. */
  readonly phases: PhaseTimes;
  /** Settles when its record is on disk: from then on no death of the service forgets it. */
  readonly recorded: Promise<void>;
  /** Settles when no process, port, route or sandbox file of it is left. Never rejects. */
  readonly ended: Promise<void>;
  /** Ends it, also half-way through its start; `now` kills without asking, or ends the asking. */
  stop(now: boolean, reason?: PortwrapError): Promise<void>;
  /** Stops watching, for a service that ends: the server lives on. */
  leave(): void;
}

export function runServer(parts: ServerParts, plan: ServerPlan): Server {
  const { records, routes, meter } = parts;
  const progress = createProgressLog();
  const cancel = new AbortController();
  const { hub, user, spawn_id } = plan.record;
  const log = parts.log.child({ hub, user, server: serverLabel(plan.record), spawn_id });
  const route = routeOf(plan.record);
  let record = plan.record;
  let running: RunningServer | undefined;
  let grace = plan.stopTimeout * 1000;
  let ending = false;
  let left = false;
  let leaveQueue = () => {};
  let wasReady = plan.record.state !== 'starting';
  let phases = plan.record.phases;

  const change = (fields: Partial<ServerRecord>) => {
    record = { ...record, ...fields, state: follow(record.state, fields.state ?? record.state) };
    return records.save(record);
  };
  /** For a change that is true whether or not it can be written down. */
  const note = (fields: Partial<ServerRecord>) =>
    change(fields).catch((error: unknown) => {
      const { code, message, hint } = toPortwrapError(error);
      log.error({ code, reason: message, hint }, 'what became of the server could not be written down');
    });

  /** From nothing to a server that answers, and on to its end. Throws what went wrong before that. */
  async function live(): Promise<SandboxExit> {
    const watch = createStopwatch(meter, (lap) => {
      if (record.state === 'starting') phases = { ...phases, ...lap };
    });
    await recorded; // on disk before anything of it exists
    leaveQueue = await plan.admit(cancel.signal, progress.add);
    watch.lap('queue');
    const obtained = await plan.obtain(cancel.signal, { report: progress.add, keep: change });
    if (obtained.kind === 'gone') return obtained.exit;
    running = obtained.server;
    const { host, port, place } = running;
    if (!isDeepStrictEqual({ ...record, ...place }, record)) await change(place);
    watch.lap('sandbox');
    const starting = record.state === 'starting';
    if (starting) await becomeReady(running);
    watch.lap('answer');
    if (record.state === 'stopping')
      cancel.abort(cancelled()); // a stop that a restart interrupted
    else if (route !== null) await routes.add(route, urlOf(record, running));
    if (starting && !cancel.signal.aborted) {
      watch.lap('route');
      await note({ state: 'ready', phases });
      wasReady = true;
      watch.total();
      log.info({ host, port }, 'ready');
      progress.add({ progress: 100, ready: true, message: 'Ready', url: urlOf(record, running) });
    }
    leaveQueue();
    return Promise.race([running.exited, running.lost, aborted(cancel.signal)]);
  }

  async function becomeReady(started: RunningServer): Promise<void> {
    progress.add({ progress: 50, message: 'The sandbox runs; waiting for the server to answer' });
    const settled = new AbortController();
    const answer = started.answered(record, AbortSignal.any([settled.signal, cancel.signal]));
    const died = started.exited.then((exit) => {
      throw new PortwrapError('SERVER_DIED', `the server ended before it was ready (${describeExit(exit)})`);
    });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(notReady(record, plan.readyTimeout)), plan.readyTimeout * 1000);
    });
    try {
      await Promise.race([answer, died, late]);
    } finally {
      clearTimeout(timer);
      settled.abort();
      answer.catch(() => {}); // the race may have been lost before it is told
    }
  }

  /** Takes everything back: no request is sent to a port that may soon be somebody else's. */
  async function end(outcome: SandboxExit | PortwrapError): Promise<void> {
    if (running !== undefined && route !== null) {
      await routes.remove(route, urlOf(record, running));
    }
    let exit: SandboxExit | null = outcome instanceof PortwrapError ? null : outcome;
    if (running !== undefined) {
      if (exit === null) await note({ state: 'stopping' });
      ending = true;
      exit = await takeDown(running);
    }
    const reason = running?.verdict ?? outcome;
    const failure = reason instanceof PortwrapError ? reason : null;
    const lastLines = failure === null || isDeliberate(failure.code) ? [] : plan.lastLines();
    const body = failure === null ? null : errorBody(failure, lastLines);
    await plan.clean().catch((error: unknown) => {
      const { code, message } = toPortwrapError(error);
      log.warn({ code, reason: message }, 'files of the server stay until the service is started again');
    });
    await note({
      state: 'exited',
      ...nowhere,
      exit: {
        code: exit?.code ?? null,
        signal: exit?.signal ?? null,
        out_of_memory: exit?.outOfMemory ?? false,
        time: new Date().toISOString(),
      },
      error: body,
    });
    meter.ended(failure?.code ?? null);
    const wasAskedFor = cancel.signal.aborted;
    logEnd(log, { failure, exit, wasReady, wasAskedFor, lastLines, logFile: plan.logFile });
    progress.add({
      progress: 100,
      failed: true,
      message: body?.message ?? 'The server has ended',
      ...(body === null ? {} : { error: body }),
    });
  }

  /** A stop that fails is followed by a kill. Null: that failed too, and its processes may live. */
  async function takeDown(started: RunningServer): Promise<SandboxExit | null> {
    const { place } = started;
    try {
      return await started.stop(grace).catch((error: unknown) => {
        log.error({ err: error }, 'the stop failed; the server is killed');
        return started.stop(0);
      });
    } catch (error) {
      const hint = 'See whether its processes live, and end them by kill -9; then start it again.';
      log.error(
        { err: error, pid: place.sandbox?.child.pid, job: place.job?.id, hint },
        'the server could not be ended',
      );
      return null;
    }
  }

  function errorBody({ code, message, hint }: PortwrapError, lastLines: readonly string[]): ErrorBody {
    const body = { code, message, hint, server: serverLabel(record) };
    return lastLines.length > 0 ? { ...body, log: [...lastLines] } : body;
  }

  const recorded = plan.isRecorded ? Promise.resolve() : change({});
  const ended = live()
    .catch((error: unknown) => toPortwrapError(error))
    .then((outcome) => (left ? undefined : end(outcome)))
    .catch((error: unknown) => log.error({ err: error }, 'ending the server was incomplete'))
    .finally(() => leaveQueue());

  return {
    get record() {
      return record;
    },
    get phases() {
      return phases;
    },
    progress,
    recorded,
    ended,
    stop(now, reason = cancelled()) {
      if (!isAlive(record.state)) return ended;
      if (now) grace = 0;
      if (now && ending) void running?.stop(0);
      if (!cancel.signal.aborted) void note({ state: 'stopping' });
      cancel.abort(reason);
      return ended;
    },
    leave() {
      left = true;
      running?.leave();
    },
  };
}

function createStopwatch(meter: Meter, onLap: (lap: PhaseTimes) => void) {
  const began = performance.now();
  let last = began;
  return {
    lap(phase: keyof PhaseTimes) {
      const now = performance.now();
      meter.phase(phase, now - last);
      onLap({ [phase]: now - last });
      last = now;
    },
    total: () => meter.phase('total', performance.now() - began),
  };
}
