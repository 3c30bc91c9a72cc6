// The whole proxy: its routes, its engine and its listeners. Either all of it starts or nothing is left.
// Not here: argv, signals and the process (main.ts).
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Logger } from '../config/logger.ts';
import { Counters } from './front/counters.ts';
import { errorPages } from './front/errorPages.ts';
import { createMetricsServer } from './front/metrics.ts';
import { createFront } from './front/server.ts';
import { addressText, type ListenAddress, listen } from './listen.ts';
import type { ProxyOptions } from './options.ts';
import { createRedirect } from './redirect.ts';
import { createRelay } from './relay/engine.ts';
import { routesApi } from './routes/api.ts';
import { openStorage } from './routes/storage.ts';
import { type Clock, RouteTable } from './routes/table.ts';
import { listenerTls, upstreamTls } from './tls.ts';

export interface RunningProxy {
  /** Ports that were really taken, for those who asked for 0; 0 for a unix socket. */
  readonly port: number;
  readonly apiPort: number;
  readonly metricsPort: number;
  readonly table: RouteTable;
  /** How many connections there are, by kind. */
  readonly engine: { count(): { opening: number; idle: number; active: number; upgraded: number } };
  /** Stops listening at once, and waits until no request is under way, for at most so many milliseconds. */
  drain(limit: number): Promise<void>;
  /** Stops listening and ends every connection. */
  close(): Promise<void>;
}

export async function startProxy(
  options: ProxyOptions,
  log: Logger,
  clock: Clock = Date.now,
): Promise<RunningProxy> {
  const [tls, apiTls, clientTls] = await Promise.all([
    listenerTls(options.tls),
    listenerTls(options.apiTls),
    upstreamTls(options.clientTls, options.insecure),
  ]);
  const counters = new Counters();
  const table = new RouteTable(clock, options.hostRouting);
  const engineOptions = { ...options, tls: clientTls };
  // The library is loaded only by those who ask for it.
  const engine =
    options.engine === 'relay'
      ? createRelay(engineOptions, clock, log)
      : (await import('./library/engine.ts')).createLibraryEngine(engineOptions);
  table.watch((change) => {
    const old = change.kind === 'added' ? change.replaced : change.route;
    if (old?.target !== undefined && !leadsTo(table, old.target.key)) engine.forget(old.target);
    if (change.kind === 'added') log.info(`Adding route ${change.route.path} -> ${change.route.data.target}`);
    else log.info(`Removing route ${change.route.path}`);
    if (change.kind === 'added') log.info(`Route added ${change.route.path} -> ${change.route.data.target}`);
  });
  const answerError = errorPages({ ...options, tls: clientTls }, log);
  const front = createFront(
    { table, engine, answerError, counters, log, options },
    { keepAliveTimeout: options.keepAliveTimeout, tls },
  );
  const api = apiServer(table, options.token, log, counters, apiTls);
  const servers: [Server, ListenAddress, string][] = [
    [front, options.listen, 'the proxy'],
    [api, options.api, 'the REST API'],
  ];
  if (options.redirect !== undefined) {
    const where = { ip: '', port: options.redirect.port };
    servers.push([createRedirect(options.redirect.to), where, 'the redirection to HTTPS']);
  }
  const metrics = options.metrics && createMetricsServer(counters, engine, table);
  if (metrics && options.metrics) servers.push([metrics, options.metrics, 'the metrics']);
  let closeStorage: (() => Promise<void>) | undefined;
  const close = async (): Promise<void> => {
    const closed = servers.map(([server]) => closeServer(server));
    engine.close();
    await Promise.all([...closed, closeStorage?.()]);
  };
  try {
    if (options.storageFile !== undefined) closeStorage = await openStorage(table, options.storageFile, log);
    for (const [server, where, what] of servers) await listen(server, where, what);
  } catch (error) {
    await close();
    throw error;
  }
  const drain = (limit: number): Promise<void> =>
    Promise.race([
      Promise.all(servers.map(([server]) => stopListening(server))).then(() => undefined),
      new Promise<void>((resolve) => setTimeout(resolve, limit).unref()),
    ]);
  announce(options, log);
  if (options.defaultTarget !== undefined) table.add('/', { target: options.defaultTarget });
  return {
    port: portOf(front),
    apiPort: portOf(api),
    metricsPort: metrics ? portOf(metrics) : 0,
    table,
    engine,
    drain,
    close,
  };
}

function apiServer(
  table: RouteTable,
  token: string,
  log: Logger,
  counters: Counters,
  tls: Awaited<ReturnType<typeof listenerTls>>,
): Server {
  if (token === '') log.warn('REST API is not authenticated.');
  const handler = routesApi(table, token, log, counters);
  return tls === undefined ? createHttpServer(handler) : createHttpsServer(tls, handler);
}

/** Several routes may share a target: its connections go with the last one. */
function leadsTo(table: RouteTable, key: string): boolean {
  for (const route of table.routes()) if (route.target?.key === key) return true;
  return false;
}

function announce(options: ProxyOptions, log: Logger): void {
  const scheme = (tls: unknown) => (tls === undefined ? 'http' : 'https');
  const url = (where: ListenAddress, tls: unknown): string =>
    'socketPath' in where ? `unix:${where.socketPath}` : `${scheme(tls)}://${addressText(where)}`;
  log.info(`Proxying ${url(options.listen, options.tls)} to ${options.defaultTarget ?? '(no default)'}`);
  log.info(`Proxy API at ${url(options.api, options.apiTls)}/api/routes`);
  if (options.redirect === undefined) return;
  log.info(`Added HTTP to HTTPS redirection from ${options.redirect.port} to ${options.redirect.to}`);
}

/** Idle connections go at once, others when their answer is complete. */
function stopListening(server: Server): Promise<void> {
  // A client that goes on asking on the connection it has would keep it for ever.
  server.prependListener('request', (_req, res) => {
    res.shouldKeepAlive = false;
  });
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
}

/** Also ends connections that carry a request; a server that never listened is closed already. */
function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function portOf(server: Server): number {
  const address = server.address() as AddressInfo | string | null;
  return typeof address === 'object' && address !== null ? address.port : 0;
}
