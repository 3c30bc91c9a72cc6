// The whole proxy: routes, engine and listeners. If one of them cannot start, the others are closed.
// Not here: argv, signals and the process (main.ts).
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { Server as TlsServer } from 'node:tls';
import type { Logger } from '../config/logger.ts';
import type { ProxyOptions } from './cli/options.ts';
import { closeServer, portOf, stopListening } from './listen/close.ts';
import { addressText, type ListenAddress, listen } from './listen/listen.ts';
import { createRedirect } from './listen/redirect.ts';
import { type Followers, routesApi } from './routes/api.ts';
import { type Boot, readBoot } from './routes/boot.ts';
import { openStorage, type Storage } from './routes/storage.ts';
import { type Clock, createRouteTable, type RouteTable } from './routes/table.ts';
import { type Counters, createCounters } from './telemetry/counters.ts';
import { createMetricsServer } from './telemetry/metrics.ts';
import { openCertificates, type TlsSets } from './tls/certificates.ts';
import { listenerOptions } from './tls/tls-files.ts';
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
  /** Reads keys and certificates again, and opens the log files again. Connections stay open. */
  reload(): Promise<void>;
  /** Stops listening and closes every connection. */
  close(): Promise<void>;
}

export async function startProxy(
  options: ProxyOptions,
  log: Logger,
  clock: Clock = Date.now,
  boot: Boot = readBoot(),
): Promise<RunningProxy> {
  const certificates = await openCertificates(
    { public: options.tls, api: options.apiTls, upstream: options.clientTls },
    log,
  );
  const counters = createCounters();
  const table = createRouteTable(clock, options.hostRouting);
  const side =
    options.workers > 1
      ? serveByWorkers(options.workers, table, counters, log, certificates.current)
      : await servePublic(options, table, counters, log, clock, certificates.current()).catch((error) => {
          certificates.close();
          throw error;
        });
  let isAnnounced = true;
  table.watch((change) => {
    if (!isAnnounced) return;
    if (change.kind === 'added') log.info(`Route added ${change.route.path} -> ${change.route.data.target}`);
    else log.info(`Removing route ${change.route.path}`);
  });
  let storage: Storage | undefined;
  const followers = { delivered: () => side.flushed(), stored: async () => storage?.flushed() };
  const api = apiServer(table, options, log, counters, certificates.current(), followers);
  certificates.onRenewed((sets) => {
    side.renewTls(sets);
    if (options.apiTls && sets.api && api instanceof TlsServer)
      api.setSecureContext(listenerOptions(options.apiTls, sets.api));
  });
  const servers: [Server, ListenAddress, string][] = [[api, options.api, 'the REST API']];
  if (options.redirect !== undefined) {
    const { listen: where, to } = options.redirect;
    servers.push([createRedirect(to), where, 'the redirection to HTTPS']);
  }
  const metrics = options.metrics && createMetricsServer(counters, side, table);
  if (metrics && options.metrics) servers.push([metrics, options.metrics, 'the metrics']);
  const close = async (): Promise<void> => {
    certificates.close();
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
    reload: () => {
      side.reopenLog();
      return certificates.reload();
    },
    close,
  };
}

function apiServer(
  table: RouteTable,
  { token, apiTls }: ProxyOptions,
  log: Logger,
  counters: Counters,
  sets: TlsSets,
  followers: Followers,
): Server {
  if (token === '') log.warn('REST API is not authenticated.');
  const handler = routesApi(table, token, log, counters, followers);
  if (apiTls === undefined || sets.api === undefined) return createHttpServer(handler);
  return createHttpsServer(listenerOptions(apiTls, sets.api), handler);
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
