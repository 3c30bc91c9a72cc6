// One server, one incarnation: from its start to the moment when nothing of it is left. The order of things
// is told in live(). Not here: which servers there are (servers.ts), how a sandbox is made (portwrap/).
import { rm } from 'node:fs/promises';
import { PortwrapError, toPortwrapError } from '../config/errors.ts';
import type { Logger } from '../config/logger.ts';
import { aborted, answered, isSandboxAlive, type Sandbox, type SandboxExit } from '../portwrap/index.ts';
import { logTail } from './log-tail.ts';
import type { Ports } from './ports.ts';
import { createProgressLog, type ProgressLog } from './progress.ts';
import { type ErrorBody, type ServerRecord, serverLabel } from './record.ts';
import type { Records } from './records.ts';
import type { Routes } from './routes.ts';

export interface ServerParts {
  readonly records: Records;
  readonly routes: Routes;
  readonly ports: Ports;
  readonly log: Logger;
}

export interface ServerPlan {
  readonly record: ServerRecord;
  /** Makes the sandbox, or adopts it. Rejects with the signal's reason when aborted. */
  readonly obtain: (abort: AbortSignal, report: ProgressLog['add']) => Promise<Sandbox | SandboxExit>;
  readonly sandboxDirectory: string;
  readonly logFile: string;
  /** Seconds. */
  readonly readyTimeout: number;
  readonly stopTimeout: number;
}

export interface Server {
  readonly record: ServerRecord;
  readonly progress: ProgressLog;
  /** Settles when its record is on disk: from then on no death of the service forgets it. */
  readonly recorded: Promise<void>;
  /** Settles when no process, port, route or sandbox file of it is left. Never rejects. */
  readonly ended: Promise<void>;
  /** Ends it, also half-way through its start; `now` kills without asking. Settles as `ended` does. */
  stop(now: boolean): Promise<void>;
  /** Stops watching, for a service that ends: the server lives on. */
  leave(): void;
}

const tailLines = 20;

export function runServer(parts: ServerParts, plan: ServerPlan): Server {
  const { records, routes, ports } = parts;
  const progress = createProgressLog();
  const cancel = new AbortController();
  const log = parts.log.child({ server: serverLabel(plan.record), spawn_id: plan.record.spawn_id });
  let record = plan.record;
  let sandbox: Sandbox | undefined;
  let grace = plan.stopTimeout * 1000;
  let left = false;

  const change = (fields: Partial<ServerRecord>) => {
    record = { ...record, ...fields };
    return records.save(record);
  };

  /** From nothing to a server that answers, and on to its end. Throws what went wrong before that. */
  async function live(): Promise<SandboxExit> {
    await recorded; // on disk before anything of it exists
    const obtained = await plan.obtain(cancel.signal, progress.add);
    if (!isSandbox(obtained)) return obtained;
    sandbox = obtained;
    const { hostAddress, hostPort } = sandbox.record;
    ports.lease(hostPort);
    await change({ sandbox: sandbox.record });
    if (record.state === 'starting') await becomeReady(sandbox);
    if (record.state === 'stopping')
      cancel.abort(cancelled()); // a stop that a restart interrupted
    else if (record.route_prefix !== null)
      await routes.add(record.route_prefix, urlOf(hostAddress, hostPort));
    if (!cancel.signal.aborted && record.state === 'starting') {
      await change({ state: 'ready' });
      log.info({ port: hostPort }, 'ready');
      progress.add({ progress: 100, ready: true, message: 'Ready', url: urlOf(hostAddress, hostPort) });
    }
    return Promise.race([sandbox.exited, forwarderLost(sandbox), aborted(cancel.signal)]);
  }

  async function becomeReady(started: Sandbox): Promise<void> {
    progress.add({ progress: 50, message: 'The sandbox runs; waiting for the server to answer' });
    const settled = new AbortController();
    const probe = answered(
      {
        host: started.record.hostAddress,
        port: started.record.hostPort,
        path: record.ready_path,
        child: started.record.child.pid,
        guestPort: started.record.guestPort,
      },
      AbortSignal.any([settled.signal, cancel.signal]),
    );
    const died = started.exited.then((exit) => {
      throw new PortwrapError('SERVER_DIED', `the server ended before it was ready (${describeExit(exit)})`);
    });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(notReady(plan.readyTimeout)), plan.readyTimeout * 1000);
    });
    try {
      await Promise.race([probe, died, late]);
    } finally {
      clearTimeout(timer);
      settled.abort();
    }
  }

  /** Takes everything back: no request is sent to a port that may soon be somebody else's. */
  async function end(outcome: SandboxExit | PortwrapError): Promise<void> {
    const { route_prefix: prefix } = record;
    if (sandbox !== undefined && prefix !== null) {
      await routes.remove(prefix, urlOf(sandbox.record.hostAddress, sandbox.record.hostPort));
    }
    let exit: SandboxExit | null = outcome instanceof PortwrapError ? null : outcome;
    if (sandbox !== undefined) {
      if (exit === null) await change({ state: 'stopping' });
      exit = await sandbox.stop(grace);
      ports.release(sandbox.record.hostPort);
    }
    const failure = outcome instanceof PortwrapError ? errorBody(outcome) : null;
    await rm(plan.sandboxDirectory, { recursive: true, force: true });
    await change({
      state: 'exited',
      sandbox: null,
      exit: {
        code: exit?.code ?? null,
        signal: exit?.signal ?? null,
        out_of_memory: exit?.outOfMemory ?? false,
        time: new Date().toISOString(),
      },
      error: failure,
    });
    log.info({ exit, error: failure?.code }, 'ended');
    progress.add({
      progress: 100,
      failed: true,
      message: failure?.message ?? 'The server has ended',
      ...(failure === null ? {} : { error: failure }),
    });
  }

  function errorBody(error: PortwrapError): ErrorBody {
    const lines = error.code === 'SPAWN_CANCELLED' ? [] : logTail(plan.logFile, tailLines);
    const { code, message, hint } = error;
    if (error.code === 'INTERNAL') log.error({ err: error.cause }, 'a defect ended this server');
    return { code, message, hint, server: serverLabel(record), ...(lines.length > 0 ? { log: lines } : {}) };
  }

  const recorded = change({});
  const ended = live()
    .catch((error: unknown) => toPortwrapError(error))
    .then((outcome) => (left ? undefined : end(outcome)))
    .catch((error: unknown) => log.error({ err: error }, 'ending the server was incomplete'));

  return {
    get record() {
      return record;
    },
    progress,
    recorded,
    ended,
    stop(now) {
      if (now) grace = 0;
      if (now && cancel.signal.aborted) void sandbox?.stop(0);
      cancel.abort(cancelled());
      return ended;
    },
    leave() {
      left = true;
      sandbox?.leave();
    },
  };
}

/** A server that had ended when the service before this one wrote its record. */
export function endedServer(record: ServerRecord): Server {
  const progress = createProgressLog();
  progress.add({
    progress: 100,
    failed: true,
    message: record.error?.message ?? 'The server has ended',
    ...(record.error === null ? {} : { error: record.error }),
  });
  return {
    record,
    progress,
    recorded: Promise.resolve(),
    ended: Promise.resolve(),
    stop: async () => {},
    leave() {},
  };
}

/** Rejects when the forwarder is gone while its sandbox lives; at an ordinary end it goes last. */
async function forwarderLost(sandbox: Sandbox): Promise<never> {
  await sandbox.forwarderGone;
  if (isSandboxAlive(sandbox.record.directory)) {
    throw new PortwrapError('FORWARD_FAILED', 'the forwarder of the server ended, so nobody can reach it');
  }
  return new Promise(() => {});
}

export function urlOf(host: string, port: number): string {
  return `http://${host}:${port}`;
}

function isSandbox(obtained: Sandbox | SandboxExit): obtained is Sandbox {
  return 'stop' in obtained;
}

function cancelled(): PortwrapError {
  return new PortwrapError('SPAWN_CANCELLED', 'the server was stopped');
}

function notReady(seconds: number): PortwrapError {
  return new PortwrapError('SERVER_NOT_READY', `the server did not answer within ${seconds} s`);
}

function describeExit({ code, signal, outOfMemory }: SandboxExit): string {
  if (outOfMemory) return 'out of memory: the kernel killed a process of it';
  if (signal !== null) return `signal ${signal}`;
  return code === null ? 'exit code unknown' : `exit code ${code}`;
}
