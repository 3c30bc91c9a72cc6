// The public side of the proxy: front and engine with one route table, in this process or in each of several workers
// (workers/primary.ts).
// Not here: the REST API and the other listeners (proxy.ts).
import type { Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import type { Logger } from '../../config/logger.ts';
import type { ProxyOptions } from '../cli/options.ts';
import type { ConnectionCounts, Engine } from '../engines/engine.ts';
import { createRelay } from '../engines/relay/relay.ts';
import { responseCompression } from '../front/compress/compress-response.ts';
import { errorPages } from '../front/error-pages.ts';
import { createFront } from '../front/server.ts';
import { closeServer, portOf, stopAccepting, stopListening } from '../listen/close.ts';
import { type ListenAddress, listen } from '../listen/listen.ts';
import { trustedAddresses } from '../listen/trusted-proxies.ts';
import type { Clock, RouteTable } from '../routes/table.ts';
import { openAccessLog } from '../telemetry/access-log.ts';
import { type ClientCounts, watchClients } from '../telemetry/clients.ts';
import type { Counters } from '../telemetry/counters.ts';
import type { TlsSets } from '../tls/certificates.ts';
import { listenerOptions, upstreamContext } from '../tls/tls-files.ts';

export interface PublicSide {
  /** Resolves with the port, 0 for a Unix socket. */
  listen(where: ListenAddress): Promise<number>;
  count(): ConnectionCounts;
  clients(): ClientCounts;
  /** Resolves when every worker has the current routes, and the table has all activity until now. */
  flushed(): Promise<void>;
  /** Stops listening; resolves when no connection is open. */
  drain(): Promise<void>;
  /** Stops accepting because another process has taken over: clients may use their open connections for a while. */
  leave(): Promise<void>;
  /** Restarts the workers with the code on disk, without a failed request; without workers logs a warning. */
  renew(): Promise<void>;
  /** New connections use these keys and certificates; open ones stay. */
  renewTls(sets: TlsSets): void;
  /** Opens the file of the access log again. */
  reopenLog(): void;
  close(): Promise<void>;
}

export async function servePublic(
  options: ProxyOptions,
  table: RouteTable,
  counters: Counters,
  log: Logger,
  clock: Clock,
  sets: TlsSets,
): Promise<PublicSide> {
  const tls = options.tls && sets.public && listenerOptions(options.tls, sets.public);
  const upstream = {
    secureContext: sets.upstream && upstreamContext(sets.upstream),
    rejectUnauthorized: !options.insecure,
  };
  const engineOptions = { ...options, tls: upstream };
  // The library is loaded only with --engine http-proxy.
  const engine =
    options.engine === 'relay'
      ? createRelay(engineOptions, clock, log)
      : (await import('../engines/http-proxy/engine.ts')).createLibraryEngine(engineOptions);
  forgetUnrouted(table, engine);
  const sendErrorPage = errorPages({ ...options, tls: upstream }, log);
  let onUnixSocket = false;
  const trusted =
    options.trustedProxies.length === 0
      ? undefined
      : trustedAddresses(options.trustedProxies, () => onUnixSocket);
  const access = openAccessLog(options, trusted, clock, log);
  const compress = options.compress ? responseCompression(log) : undefined;
  const { keepAliveTimeout, headTimeout, http2, http2WebSockets } = options;
  const { server: front, http2: sessions } = createFront(
    { table, engine, sendErrorPage, counters, log, options, access, compress, trusted },
    { keepAliveTimeout, headTimeout, tls, http2, http2WebSockets },
  );
  // closeAllConnections() misses sockets during their TLS handshake, and those with HTTP/2
  const sockets = new Set<Socket>();
  if (tls !== undefined) {
    front.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    });
  }
  const isBusy = (socket: Socket): boolean => engine.isBusy(socket) || sessions?.isBusy(socket) === true;
  // those over HTTP/2 have no connection of their own
  const upgraded = (): number => Math.max(0, engine.count().upgraded - (sessions?.webSockets() ?? 0));
  const clients = watchClients(front, isBusy, upgraded, tls !== undefined);
  return {
    listen: async (where) => {
      front.once('listening', () => {
        onUnixSocket = typeof front.address() === 'string';
      });
      await listen(front, where, 'the proxy');
      return portOf(front);
    },
    count: () => engine.count(),
    clients,
    flushed: () => Promise.resolve(),
    drain: () => {
      sessions?.drain();
      return stopListening(front);
    },
    leave: () => {
      sessions?.drain();
      return stopAccepting(front);
    },
    renewTls: (renewed) => {
      if (options.tls && renewed.public && front instanceof TlsServer)
        front.setSecureContext(listenerOptions(options.tls, renewed.public));
      upstream.secureContext = renewed.upstream && upstreamContext(renewed.upstream);
    },
    reopenLog: () => access?.reopen(),
    renew: async () => log.warn('SIGUSR2 has no effect without workers: see --workers'),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      const closed = closeServer(front);
      engine.close();
      await closed;
      await access?.close();
    },
  };
}

/** Several routes may share a target: its connections are closed with the last one. */
function forgetUnrouted(table: RouteTable, engine: Engine): void {
  const routes = new Map<string, number>();
  const count = (key: string, change: number): number => {
    const now = (routes.get(key) ?? 0) + change;
    if (now > 0) routes.set(key, now);
    else routes.delete(key);
    return now;
  };
  table.watch((change) => {
    if (change.kind === 'added' && change.route.target !== undefined) count(change.route.target.key, 1);
    const old = change.kind === 'added' ? change.replaced : change.route;
    if (old?.target !== undefined && count(old.target.key, -1) <= 0) engine.forget(old.target);
  });
}
