// The public side in several processes: starts the workers, tells them of every route, collects what they
// saw, and replaces one that crashes. The table and the API stay here, so that there is one truth.
// Not here: what a worker does (worker.ts).
import cluster, { type Worker } from 'node:cluster';
import { PortwrapError } from '../../config/errors.ts';
import type { Logger } from '../../config/logger.ts';
import type { ConnectionCounts } from '../engine.ts';
import type { Counters } from '../front/counters.ts';
import type { PublicSide } from '../publicSide.ts';
import type { Route, RouteTable } from '../routes/table.ts';
import type { FromWorker, Report, SentRoute, ToWorker } from './messages.ts';

/** `count` workers, each the same command as this process. */
export function serveByWorkers(
  count: number,
  table: RouteTable,
  counters: Counters,
  log: Logger,
): PublicSide {
  return new Workers(count, table, counters, log);
}

class Workers implements PublicSide {
  readonly #count: number;
  readonly #table: RouteTable;
  readonly #counters: Counters;
  readonly #log: Logger;
  /** Workers that listen, and the last report of each. */
  readonly #workers = new Map<Worker, Report | undefined>();
  readonly #asked = new Map<number, () => void>();
  readonly #unwatch: () => void;
  #number = 0;
  #closing = false;

  constructor(count: number, table: RouteTable, counters: Counters, log: Logger) {
    this.#count = count;
    this.#table = table;
    this.#counters = counters;
    this.#log = log;
    this.#unwatch = table.watch((change) => {
      if (change.kind === 'added') this.#tell({ kind: 'add', route: sent(change.route) });
      else this.#tell({ kind: 'remove', path: change.route.path });
    });
  }

  async listen(): Promise<number> {
    const ports = await Promise.all(Array.from({ length: this.#count }, () => this.#start()));
    return ports[0] ?? 0;
  }

  count(): ConnectionCounts {
    const total = { opening: 0, idle: 0, active: 0, upgraded: 0 };
    for (const report of this.#workers.values()) {
      if (report === undefined) continue;
      for (const state of ['opening', 'idle', 'active', 'upgraded'] as const) {
        total[state] += report.connections[state];
      }
    }
    return total;
  }

  async settled(): Promise<void> {
    await Promise.all([...this.#workers.keys()].map((worker) => this.#ask(worker)));
  }

  async drain(): Promise<void> {
    this.#closing = true;
    const drained = [...this.#workers.keys()].map((worker) => messageOf(worker, 'drained'));
    this.#tell({ kind: 'drain' });
    await Promise.all(drained);
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#unwatch();
    const gone = Object.values(cluster.workers ?? {}).map(
      (worker) =>
        new Promise<void>((resolve) => {
          worker?.once('exit', () => resolve());
          worker?.process.kill('SIGKILL');
        }),
    );
    await Promise.all(gone);
  }

  /** Resolves with the port when the worker listens. */
  async #start(): Promise<number> {
    const worker = cluster.fork();
    worker.on('error', () => undefined);
    worker.on('message', (message: FromWorker) => {
      if (message.kind === 'report') this.#take(worker, message);
      if (message.kind !== 'ready') return;
      this.#workers.set(worker, undefined);
      const routes = [...this.#table.routes()].map(sent);
      worker.send({ kind: 'start', routes } satisfies ToWorker);
    });
    const settled = await Promise.race([
      messageOf(worker, 'listening'),
      messageOf(worker, 'failed'),
      exitOf(worker),
    ]);
    if (settled === undefined || settled.kind !== 'listening') {
      const message = settled?.kind === 'failed' ? settled.message : 'a worker ended before it listened';
      throw new PortwrapError('LISTEN_FAILED', message);
    }
    worker.once('exit', (code, signal) => this.#replace(worker, signal ?? `status ${code}`));
    return settled.port;
  }

  #replace(worker: Worker, how: string): void {
    this.#workers.delete(worker);
    if (this.#closing) return;
    this.#log.error(`worker ${worker.process.pid} ended (${how}); starting another`);
    this.#start().catch((error: unknown) => {
      this.#log.fatal({ err: error }, 'a worker could not be replaced');
    });
  }

  #tell(message: ToWorker): void {
    for (const worker of this.#workers.keys()) if (worker.isConnected()) worker.send(message);
  }

  /** Resolves when the worker has done all that it was told before, or is gone. */
  #ask(worker: Worker): Promise<void> {
    const number = ++this.#number;
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(deadline);
        worker.off('exit', done);
        this.#asked.delete(number);
        resolve();
      };
      const deadline = setTimeout(done, answerTime);
      this.#asked.set(number, done);
      worker.once('exit', done);
      if (worker.isConnected()) worker.send({ kind: 'report', number } satisfies ToWorker);
      else done();
    });
  }

  #take(worker: Worker, report: Report): void {
    const before = this.#workers.get(worker);
    if (this.#workers.has(worker)) this.#workers.set(worker, report);
    for (const [path, time] of report.activity) {
      const route = this.#table.get(path);
      if (route !== undefined && time > route.lastActivity) route.lastActivity = time;
    }
    this.#counters.web += report.web - (before?.web ?? 0);
    this.#counters.websockets += report.websockets - (before?.websockets ?? 0);
    const known = new Map(before?.proxied);
    for (const [status, times] of report.proxied) {
      const more = times - (known.get(status) ?? 0);
      this.#counters.proxied.set(status, (this.#counters.proxied.get(status) ?? 0) + more);
    }
    this.#asked.get(report.number)?.();
  }
}

function sent({ path, data, lastActivity }: Route): SentRoute {
  return { path, data, lastActivity };
}

function messageOf<Kind extends FromWorker['kind']>(
  worker: Worker,
  kind: Kind,
): Promise<Extract<FromWorker, { kind: Kind }>> {
  return new Promise((resolve) => {
    worker.on('message', (message: FromWorker) => {
      if (message.kind === kind) resolve(message as Extract<FromWorker, { kind: Kind }>);
    });
  });
}

function exitOf(worker: Worker): Promise<undefined> {
  return new Promise((resolve) => {
    worker.once('exit', () => resolve(undefined));
  });
}

/** Milliseconds that a call of the API waits for a worker that is busy. */
const answerTime = 3000;
