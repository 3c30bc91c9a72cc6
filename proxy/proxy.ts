// The whole proxy: routes, engine and listeners. If one of them cannot start, the others are closed.
// Not here: argv, signals and the process (main.ts).
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Logger } from '../config/logger.ts';
import type { ProxyOptions } from './cli/options.ts';
import { closeServer, portOf, stopListening } from './listen/close.ts';
import { addressText, type ListenAddress, listen } from './listen/listen.ts';
import { createRedirect } from './listen/redirect.ts';
import { listenerTls } from './listen/tls.ts';
import { routesApi } from './routes/api.ts';
import { type Boot, readBoot } from './routes/boot.ts';
import { openStorage, type Storage } from './routes/storage.ts';
import { type Clock, createRouteTable, type RouteTable } from './routes/table.ts';
import { type Counters, createCounters } from './telemetry/counters.ts';
import { createMetricsServer } from './telemetry/metrics.ts';
import { serveByWorkers } from './workers/primary.ts';
import { servePublic } from './workers/public-side.ts';

export interface RunningProxy {
  /** The actual ports, also when 0 was requested; 0 for a Unix socket. */
  readonly port: number;
  readonly apiPort: number;
  readonly metricsPort: number;
  readonly table: RouteTable;
  /** Connections by state. */
  readonly engine: { count(): { opening: number; idle: number; active: number; upgraded: number } };
  /** Stops listening, and waits until no request is in progress, for at most `limit` milliseconds. */
  drain(limit: number): Promise<void>;
  /** Replaces the workers by new ones with the code on disk, without a failed request. */
  renew(): Promise<void>;
  /** Stops listening and closes every connection. */
  close(): Promise<void>;
}

export async function startProxy(
  options: ProxyOptions,
  log: Logger,
  clock: Clock = Date.now,
  boot: Boot = readBoot(),
): Promise<RunningProxy> {
  const apiTls = await listenerTls(options.apiTls);
  const counters = createCounters();
  const table = createRouteTable(clock, options.hostRouting);
  const side =
    options.workers > 1
      ? serveByWorkers(options.workers, table, counters, log)
      : await servePublic(options, table, counters, log, clock);
  let isAnnounced = true;
  table.watch((change) => {
    if (!isAnnounced) return;
    if (change.kind === 'added') log.info(`Route added ${change.route.path} -> ${change.route.data.target}`);
    else log.info(`Removing route ${change.route.path}`);
  });
  let storage: Storage | undefined;
  // a change is sent to every worker and to the disk before the API responds
  const flushed = async (): Promise<void> => {
    await Promise.all([side.flushed(), storage?.flushed()]);
  };
  const api = apiServer(table, options.token, log, counters, apiTls, flushed);
  const servers: [Server, ListenAddress, string][] = [[api, options.api, 'the REST API']];
  if (options.redirect !== undefined) {
    const { listen: where, to } = options.redirect;
    servers.push([createRedirect(to), where, 'the redirection to HTTPS']);
  }
  const metrics = options.metrics && createMetricsServer(counters, side, table);
  if (metrics && options.metrics) servers.push([metrics, options.metrics, 'the metrics']);
  const close = async (): Promise<void> => {
    await side.flushed();
    await Promise.all([side.close(), ...servers.map(([server]) => closeServer(server)), storage?.close()]);
  };
  let port = 0;
  try {
    if (options.storageFile !== undefined) storage = await openStorage(table, options.storageFile, log, boot);
    if (options.defaultTarget !== undefined) {
      // added before clients connect, but logged when everything listens: programs wait for that line
      isAnnounced = false;
      table.add('/', { target: options.defaultTarget });
      isAnnounced = true;
    }
    // before the API: when it responds, clients are served already
    port = await side.listen(options.listen);
    for (const [server, where, what] of servers) await listen(server, where, what);
  } catch (error) {
    await close();
    throw error;
  }
  const drain = (limit: number): Promise<void> =>
    Promise.race([
      Promise.all([side.drain(), ...servers.map(([server]) => stopListening(server))]).then(() => undefined),
      new Promise<void>((resolve) => setTimeout(resolve, limit).unref()),
    ]);
  announce(options, log);
  if (options.defaultTarget !== undefined) log.info(`Route added / -> ${options.defaultTarget}`);
  const metricsPort = metrics ? portOf(metrics) : 0;
  return {
    port,
    apiPort: portOf(api),
    metricsPort,
    table,
    engine: side,
    drain,
    renew: () => side.renew(),
    close,
  };
}

function apiServer(
  table: RouteTable,
  token: string,
  log: Logger,
  counters: Counters,
  tls: Awaited<ReturnType<typeof listenerTls>>,
  flushed: () => Promise<void>,
): Server {
  if (token === '') log.warn('REST API is not authenticated.');
  const handler = routesApi(table, token, log, counters, flushed);
  return tls === undefined ? createHttpServer(handler) : createHttpsServer(tls, handler);
}

function announce(options: ProxyOptions, log: Logger): void {
  const scheme = (tls: unknown) => (tls === undefined ? 'http' : 'https');
  const url = (where: ListenAddress, tls: unknown): string => {
    if ('socketPath' in where) return `unix:${where.socketPath}`;
    if ('descriptor' in where) return `${scheme(tls)} on ${addressText(where)}`;
    return `${scheme(tls)}://${addressText(where)}`;
  };
  log.info(`Proxying ${url(options.listen, options.tls)} to ${options.defaultTarget ?? '(no default)'}`);
  log.info(`Proxy API at ${url(options.api, options.apiTls)}/api/routes`);
  if (options.redirect === undefined) return;
  const { listen: from, to } = options.redirect;
  log.info(`Added HTTP to HTTPS redirection from ${'port' in from ? from.port : addressText(from)} to ${to}`);
}
