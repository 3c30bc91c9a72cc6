// The public listener: node:http with its strict parser, and limits on slow header sections but none on the duration
// of a request.
// Not here: handling a request (requests.ts, upgrades.ts), listening (listen/listen.ts).
import { createServer, type IncomingMessage, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer, type ServerOptions as TlsOptions } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { Logger } from '../../config/logger.ts';
import { CountedResponse } from '../telemetry/counted-response.ts';
import { badRequestHandler } from './bad-requests.ts';
import { createAcceptBatch } from './flow/accept-batch.ts';
import { joinWrites } from './flow/joined-writes.ts';
import { createPipelineQueue } from './flow/pipeline.ts';
import { type Http2Sessions, http2Sessions } from './http2/sessions.ts';
import type { Serve } from './http2/stream.ts';
import type { ServeUpgrade } from './http2/tunnel.ts';
import { type FrontParts, requestHandler } from './requests.ts';
import { isWebSocket, upgradeHandler } from './upgrades.ts';

export interface FrontServerOptions {
  readonly keepAliveTimeout: number;
  readonly headTimeout: number;
  readonly tls: TlsOptions | undefined;
  readonly http2: boolean;
  /** Serve WebSockets over HTTP/2, too. */
  readonly http2WebSockets: boolean;
}

export interface Front {
  readonly server: Server;
  /** Undefined without HTTP/2. */
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
    // finds clients that are gone without a word
    keepAlive: true,
    keepAliveInitialDelay: keepAliveDelay,
    ...(parts.access === undefined ? {} : { ServerResponse: CountedResponse }),
    // With Node versions that know this option, other upgrades do not emit 'upgrade'.
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
  const http2 = options.http2 ? divertHttp2(server, parts.log, options) : undefined;
  if (!options.http2) server.on(options.tls === undefined ? 'connection' : 'secureConnection', joinWrites);
  const acceptBatch = createAcceptBatch(server);
  // No limit on the number of fields: above a thousand, node:http drops the rest silently (Node 20), or refuses the
  // request (22.23 and later). maxHeaderSize is the limit.
  server.maxHeadersCount = 0;
  const queue = createPipelineQueue();
  const onRequest = requestHandler(parts, acceptBatch, queue);
  server.on('request', onRequest);
  server.on('checkContinue', onRequest);
  server.on('upgrade', upgradeHandler(server, parts, acceptBatch, queue));
  server.on('clientError', badRequestHandler(queue, parts.log));
  server.on('connect', (_req: IncomingMessage, socket: Socket) => {
    socket.on('error', () => socket.destroy());
    queue.takeOver(socket, () => {
      socket.end(
        'HTTP/1.1 405 Method Not Allowed\r\nAllow:\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
      );
      socket.destroySoon();
    });
  });
  return { server, http2 };
}

/** node:https treats every connection as HTTP/1.1, whatever was negotiated. */
function divertHttp2(server: Server, log: Logger, options: FrontServerOptions): Http2Sessions {
  const { keepAliveTimeout, http2WebSockets } = options;
  const serveHttp1 = server.listeners('secureConnection') as ((connection: Duplex) => void)[];
  server.removeAllListeners('secureConnection');
  const serve: Serve = (req, res) => void server.emit('request', req, res);
  const onUpgrade: ServeUpgrade = (req, socket) => void server.emit('upgrade', req, socket, Buffer.alloc(0));
  const serveUpgrade = http2WebSockets ? onUpgrade : undefined;
  const sessions = http2Sessions({ maxHead, keepAliveTimeout, serve, serveUpgrade, log });
  server.on('secureConnection', (socket: TLSSocket) => {
    if (socket.alpnProtocol === 'h2') return sessions.accept(socket);
    joinWrites(socket);
    for (const listener of serveHttp1) listener.call(server, socket);
  });
  return sessions;
}

/** node:http's default of 16 KB is too small for the cookies that some hubs set. */
const maxHead = 64 * 1024;

/** Milliseconds of silence before the kernel sends its first keep-alive probe. */
const keepAliveDelay = 30_000;
