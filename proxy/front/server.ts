// The public listener: node:http, whose strict parser meets the clients, with limits that stop slow heads
// but no request for being long.
// Not here: what is done with a request (requests.ts, upgrades.ts), where it listens (listen/listen.ts).
import { createServer, type IncomingMessage, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer, type ServerOptions as TlsOptions } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { CountedResponse } from '../telemetry/counted-response.ts';
import { badRequestHandler } from './bad-requests.ts';
import { watchArrivals } from './flow/accept-batch.ts';
import { joinWrites } from './flow/joined-writes.ts';
import { createTurns } from './flow/pipeline.ts';
import { type Http2Sessions, http2Sessions } from './http2/sessions.ts';
import { type FrontParts, requestHandler } from './requests.ts';
import { isWebSocket, upgradeHandler } from './upgrades.ts';

export interface FrontServerOptions {
  readonly keepAliveTimeout: number;
  readonly headTimeout: number;
  readonly tls: TlsOptions | undefined;
  readonly http2: boolean;
}

export interface Front {
  readonly server: Server;
  /** None without HTTP/2. */
  readonly http2: Http2Sessions | undefined;
}

export function createFront(parts: FrontParts, options: FrontServerOptions): Front {
  const limits: ServerOptions & { shouldUpgradeCallback: (req: IncomingMessage) => boolean } = {
    maxHeaderSize: maxHead,
    requestTimeout: 0,
    headersTimeout: options.headTimeout,
    connectionsCheckingInterval: Math.max(10, Math.min(5000, options.headTimeout / 2)),
    keepAliveTimeout: options.keepAliveTimeout,
    noDelay: true,
    ...(parts.access === undefined ? {} : { ServerResponse: CountedResponse }),
    // Where node:http knows this option, other upgrades never get to the 'upgrade' event.
    shouldUpgradeCallback: isWebSocket,
  };
  const server =
    options.tls === undefined
      ? createServer(limits)
      : createTlsServer({
          ...limits,
          ...options.tls,
          handshakeTimeout: options.headTimeout,
          ...(options.http2 ? { ALPNProtocols: ['h2', 'http/1.1'] } : {}),
        });
  const http2 = options.http2 ? divertHttp2(server, options) : undefined;
  if (!options.http2) server.on(options.tls === undefined ? 'connection' : 'secureConnection', joinWrites);
  const arrivals = watchArrivals(server);
  // All of them: node:http would drop those beyond a thousand without a word. maxHeaderSize is the limit.
  server.maxHeadersCount = 0;
  const turns = createTurns();
  const onRequest = requestHandler(parts, arrivals, turns);
  server.on('request', onRequest);
  server.on('checkContinue', onRequest);
  server.on('upgrade', upgradeHandler(server, parts, arrivals, turns));
  server.on('clientError', badRequestHandler(turns));
  server.on('connect', (_req: IncomingMessage, socket: Socket) => {
    socket.on('error', () => socket.destroy());
    turns.takeOver(socket, () => {
      socket.end(
        'HTTP/1.1 405 Method Not Allowed\r\nAllow:\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
      );
      socket.destroySoon();
    });
  });
  return { server, http2 };
}

/** node:https takes every connection for HTTP/1.1, whatever was negotiated. */
function divertHttp2(server: Server, { keepAliveTimeout }: FrontServerOptions): Http2Sessions {
  const serveHttp1 = server.listeners('secureConnection') as ((connection: Duplex) => void)[];
  server.removeAllListeners('secureConnection');
  const serve = (connection: Duplex): void => {
    for (const listener of serveHttp1) listener.call(server, connection);
  };
  const sessions = http2Sessions(serve, { maxHead, keepAliveTimeout });
  server.on('secureConnection', (socket: TLSSocket) => {
    if (socket.alpnProtocol === 'h2') return sessions.accept(socket);
    joinWrites(socket);
    serve(socket);
  });
  return sessions;
}

/** node:http's own 16 KB is too little for the cookies that some hubs collect. */
const maxHead = 64 * 1024;
