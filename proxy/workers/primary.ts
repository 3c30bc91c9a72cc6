// The public side in several processes: starts the workers, sends them every route change, collects their reports, and
// replaces a worker that crashes. The authoritative table and the API stay here.
// Not here: the worker's side (worker.ts).
import cluster, { type Worker } from 'node:cluster';
import { PortwrapError } from '../../config/errors.ts';
import type { Logger } from '../../config/logger.ts';
import { debuggerNowhere } from '../../config/system/no-debugger.ts';
import type { ListenAddress } from '../listen/listen.ts';
import type { RouteTable } from '../routes/table.ts';
import type { Counters } from '../telemetry/counters.ts';
import type { TlsSets } from '../tls/certificates.ts';
import { exitOf, hasLeft, messageOf } from './await-worker.ts';
import { type FromWorker, type Report, sentRoute, type ToWorker } from './messages.ts';
import type { PublicSide } from './public-side.ts';
import { createRestarts } from './restarts.ts';

// Each worker accepts its own connections: passing them on would cost a message each, and one that is passed on while
// the workers drain would be lost.
cluster.schedulingPolicy = cluster.SCHED_NONE;

/** Starts `count` workers, each with the command line of this process. */
export function serveByWorkers(
  count: number,
  table: RouteTable,
  counters: Counters,
  log: Logger,
  tls: () => TlsSets,
): PublicSide {
  /** Workers that are ready, and the last report of each. */
  const workers = new Map<Worker, Report | undefined>();
  const listening = new Set<Worker>();
  /** Replaced workers that still have connections. */
  const leaving = new Set<Worker>();
  const ask = reportRequests();
  let where: ListenAddress = { ip: '', port: 0 };
  let closing = false;

  const tell = (message: ToWorker): void => {
    for (const worker of workers.keys()) if (worker.isConnected()) worker.send(message);
  };
  const reports = (): Report[] => [...workers.values()].filter((report) => report !== undefined);

  const take = (worker: Worker, report: Report): void => {
    if (!workers.has(worker)) return;
    const before = workers.get(worker);
    workers.set(worker, report);
    for (const [path, time] of report.activity) {
      const route = table.get(path);
      if (route !== undefined && time > route.lastActivity) route.lastActivity = time;
    }
    counters.add(report.counters, before?.counters);
    ask.answered(report.number);
  };

  /** Resolves with the port when the worker listens. */
  const start = async (): Promise<number> => {
    // "inspectPort", or Node would give each worker an option of its own making
    cluster.setupPrimary({ execArgv: [...process.execArgv, debuggerNowhere], inspectPort: 0 });
    const worker = cluster.fork();
    worker.on('error', () => undefined);
    worker.on('message', (message: FromWorker) => {
      if (message.kind === 'report') take(worker, message);
      if (message.kind !== 'ready') return;
      workers.set(worker, undefined);
      const routes = [...table.routes()].map(sentRoute);
      worker.send({ kind: 'start', routes, tls: tls() } satisfies ToWorker);
    });
    const outcome = await Promise.race([
      messageOf(worker, 'listening'),
      messageOf(worker, 'failed'),
      exitOf(worker),
    ]);
    if (outcome === undefined || outcome.kind !== 'listening') {
      workers.delete(worker);
      worker.process.kill('SIGKILL');
      if (outcome?.kind === 'failed')
        throw new PortwrapError(outcome.code, outcome.message, { hint: outcome.hint });
      throw new PortwrapError('LISTEN_FAILED', 'a worker ended before it listened');
    }
    listening.add(worker);
    worker.once('exit', (code, signal) => onExit(worker, signal ?? `status ${code}`));
    return outcome.port;
  };
  const restarts = createRestarts(start, log);

  const onExit = (worker: Worker, how: string): void => {
    workers.delete(worker);
    listening.delete(worker);
    if (closing || leaving.delete(worker)) return;
    if (listening.size === 0 && 'descriptor' in where) giveUp(log);
    restarts.replace(`worker ${worker.process.pid} ended (${how})`);
  };

  /** Ends the worker after its last connection, or when its time is over. */
  const retire = async (worker: Worker): Promise<void> => {
    leaving.add(worker);
    await hasLeft(worker);
    // Collects its last counters and activity.
    await ask.report(worker);
    worker.process.kill('SIGKILL');
  };

  const drain = async (): Promise<void> => {
    closing = true;
    const drained = [...workers.keys()].map((worker) => messageOf(worker, 'drained'));
    tell({ kind: 'drain' });
    await Promise.all(drained);
  };

  const unwatch = table.watch((change) => {
    if (change.kind === 'added') tell({ kind: 'add', route: sentRoute(change.route) });
    else tell({ kind: 'remove', path: change.route.path });
  });

  return {
    listen: async (address) => {
      where = address;
      const ports = await Promise.all(Array.from({ length: count }, start));
      return ports[0] ?? 0;
    },
    count: () => {
      const none = { opening: 0, idle: 0, active: 0, upgraded: 0 };
      const all = reports().map((report) => report.connections);
      return sumOf(none, all);
    },
    clients: () => {
      const none = { idle: 0, active: 0, upgraded: 0 };
      const all = reports().map((report) => report.clients);
      return sumOf(none, all);
    },
    flushed: async () => {
      await Promise.all([...workers.keys()].map(ask.report));
    },
    drain,
    leave: drain,
    /** One after the other: if a new worker does not start, the old ones stay. */
    renew: async () => {
      const old = [...workers.keys()].filter((worker) => !leaving.has(worker));
      for (const worker of old) {
        if (closing) return;
        try {
          await start();
        } catch (error) {
          log.error({ err: error }, 'a new worker did not start; the old workers stay');
          return;
        }
        retire(worker);
      }
      log.info('Workers renewed');
    },
    renewTls: (sets) => tell({ kind: 'tls', tls: sets }),
    reopenLog: () => tell({ kind: 'reopenLog' }),
    close: async () => {
      closing = true;
      restarts.stop();
      unwatch();
      await Promise.all(Object.values(cluster.workers ?? {}).map(killed));
    },
  };
}

/** node:cluster closes a socket from socket activation with its last worker; only the service manager still has it. */
function giveUp(log: Logger): never {
  log.error(
    'all workers have ended and the activated socket is closed: exiting, the service manager must restart',
  );
  process.exit(1);
}

function killed(worker: Worker | undefined): Promise<void> {
  return new Promise((resolve) => {
    worker?.once('exit', () => resolve());
    worker?.process.kill('SIGKILL');
  });
}

/** Pending requests for reports, by number. */
function reportRequests() {
  const asked = new Map<number, () => void>();
  let last = 0;
  return {
    /** Resolves when the worker has handled all earlier messages, or has exited. */
    report: (worker: Worker): Promise<void> => {
      const number = ++last;
      return new Promise((resolve) => {
        const done = (): void => {
          clearTimeout(deadline);
          worker.off('exit', done);
          asked.delete(number);
          resolve();
        };
        const deadline = setTimeout(done, reportDeadline);
        asked.set(number, done);
        worker.once('exit', done);
        if (worker.isConnected()) worker.send({ kind: 'report', number } satisfies ToWorker);
        else done();
      });
    },
    answered: (number: number): void => asked.get(number)?.(),
  };
}

/** Milliseconds that a request to the API waits for a busy worker. */
const reportDeadline = 3000;

/** Adds the counts of several workers, by name. */
function sumOf<Counts extends object>(none: Counts, all: readonly Counts[]): Counts {
  const sum: Record<string, number> = {};
  for (const one of [none, ...all]) {
    for (const [name, count] of Object.entries(one)) sum[name] = (sum[name] ?? 0) + Number(count);
  }
  return Object.assign({ ...none }, sum);
}
