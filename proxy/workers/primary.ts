// The public side in several processes: starts the workers, tells them of every route, collects what they
// saw, and replaces one that crashes. The table and the API stay here, so that there is one truth.
// Not here: what a worker does (worker.ts).
import cluster, { type Worker } from 'node:cluster';
import { PortwrapError } from '../../config/errors.ts';
import type { Logger } from '../../config/logger.ts';
import type { ConnectionCounts } from '../engines/engine.ts';
import type { ListenAddress } from '../listen/listen.ts';
import type { RouteTable } from '../routes/table.ts';
import type { ClientCounts } from '../telemetry/clients.ts';
import type { Counters } from '../telemetry/counters.ts';
import { exitOf, hasLeft, messageOf } from './await-worker.ts';
import { type FromWorker, type Report, sentRoute, type ToWorker } from './messages.ts';
import type { PublicSide } from './public-side.ts';
import { Restarts } from './restarts.ts';

// Each worker accepts for itself: a connection that only this process had accepted would be lost when the workers
// drain, and each would cost a message.
cluster.schedulingPolicy = cluster.SCHED_NONE;

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
  readonly #listening = new Set<Worker>();
  readonly #asked = new Map<number, () => void>();
  readonly #unwatch: () => void;
  /** Workers whose place another one has taken. */
  readonly #leaving = new Set<Worker>();
  readonly #restarts: Restarts;
  #number = 0;
  #where: ListenAddress = { ip: '', port: 0 };
  #closing = false;

  constructor(count: number, table: RouteTable, counters: Counters, log: Logger) {
    this.#count = count;
    this.#table = table;
    this.#counters = counters;
    this.#log = log;
    this.#restarts = new Restarts(() => this.#start(), log);
    this.#unwatch = table.watch((change) => {
      if (change.kind === 'added') this.#tell({ kind: 'add', route: sentRoute(change.route) });
      else this.#tell({ kind: 'remove', path: change.route.path });
    });
  }

  async listen(where: ListenAddress): Promise<number> {
    this.#where = where;
    const ports = await Promise.all(Array.from({ length: this.#count }, () => this.#start()));
    return ports[0] ?? 0;
  }

  count(): ConnectionCounts {
    const none = { opening: 0, idle: 0, active: 0, upgraded: 0 };
    return sumOf(
      none,
      this.#reports().map((report) => report.connections),
    );
  }

  clients(): ClientCounts {
    const none = { idle: 0, active: 0, upgraded: 0 };
    return sumOf(
      none,
      this.#reports().map((report) => report.clients),
    );
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

  leave = (): Promise<void> => this.drain();

  /** One after the other: a worker that does not start leaves the old ones as they are. */
  async renew(): Promise<void> {
    const old = [...this.#workers.keys()].filter((worker) => !this.#leaving.has(worker));
    for (const worker of old) {
      if (this.#closing) return;
      try {
        await this.#start();
      } catch (error) {
        this.#log.error({ err: error }, 'a new worker does not start; the old ones go on');
        return;
      }
      this.#retire(worker);
    }
    this.#log.info('Workers renewed');
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#restarts.stop();
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
      const routes = [...this.#table.routes()].map(sentRoute);
      worker.send({ kind: 'start', routes } satisfies ToWorker);
    });
    const settled = await Promise.race([
      messageOf(worker, 'listening'),
      messageOf(worker, 'failed'),
      exitOf(worker),
    ]);
    if (settled === undefined || settled.kind !== 'listening') {
      this.#workers.delete(worker);
      worker.process.kill('SIGKILL');
      const message = settled?.kind === 'failed' ? settled.message : 'a worker ended before it listened';
      throw new PortwrapError('LISTEN_FAILED', message);
    }
    this.#listening.add(worker);
    worker.once('exit', (code, signal) => this.#onExit(worker, signal ?? `status ${code}`));
    return settled.port;
  }

  #onExit(worker: Worker, how: string): void {
    this.#workers.delete(worker);
    this.#listening.delete(worker);
    if (this.#closing || this.#leaving.delete(worker)) return;
    if (this.#listening.size === 0 && 'descriptor' in this.#where) this.#giveUp();
    this.#restarts.replace(`worker ${worker.process.pid} ended (${how})`);
  }

  /** node:cluster has closed an inherited socket with its last worker: whoever handed it over has it still. */
  #giveUp(): never {
    this.#log.error(
      'every worker has ended, and the inherited socket is closed: ending, to be started again',
    );
    process.exit(1);
  }

  /** The worker ends with its last connection, or when its time is over. */
  async #retire(worker: Worker): Promise<void> {
    this.#leaving.add(worker);
    await hasLeft(worker);
    // Its last numbers and activity.
    await this.#ask(worker);
    worker.process.kill('SIGKILL');
  }

  #reports(): Report[] {
    return [...this.#workers.values()].filter((report) => report !== undefined);
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
    if (!this.#workers.has(worker)) return;
    const before = this.#workers.get(worker);
    this.#workers.set(worker, report);
    for (const [path, time] of report.activity) {
      const route = this.#table.get(path);
      if (route !== undefined && time > route.lastActivity) route.lastActivity = time;
    }
    this.#counters.add(report.counters, before?.counters);
    this.#asked.get(report.number)?.();
  }
}

/** Milliseconds that a call of the API waits for a worker that is busy. */
const answerTime = 3000;

/** Adds up what several workers counted, name by name. */
function sumOf<Counts extends object>(none: Counts, all: readonly Counts[]): Counts {
  const sum: Record<string, number> = {};
  for (const one of [none, ...all]) {
    for (const [name, count] of Object.entries(one)) sum[name] = (sum[name] ?? 0) + Number(count);
  }
  return Object.assign({ ...none }, sum);
}
