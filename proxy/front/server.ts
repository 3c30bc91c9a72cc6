// The public listener: node:http, whose strict parser meets the clients, with limits that stop slow heads
// but no request for being long.
// Not here: what is done with a request (requests.ts, upgrades.ts), where it listens (../listen.ts).
import { createServer, type IncomingMessage, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer, type ServerOptions as TlsOptions } from 'node:https';
import type { Socket } from 'node:net';
import { Arrivals } from './arrivals.ts';
import { CountedResponse } from './countedResponse.ts';
import { joinWrites } from './joinedWrites.ts';
import { type FrontParts, requestHandler } from './requests.ts';
import { isWebSocket, upgradeHandler } from './upgrades.ts';

export interface FrontServerOptions {
  readonly keepAliveTimeout: number;
  readonly headTimeout: number;
  readonly tls: TlsOptions | undefined;
}

export function createFront(parts: FrontParts, options: FrontServerOptions): Server {
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
      : createTlsServer({ ...limits, ...options.tls, handshakeTimeout: options.headTimeout });
  server.on(options.tls === undefined ? 'connection' : 'secureConnection', joinWrites);
  const arrivals = new Arrivals(server);
  const onRequest = requestHandler(parts, arrivals);
  server.on('request', onRequest);
  server.on('checkContinue', onRequest);
  server.on('upgrade', upgradeHandler(server, parts, arrivals));
  server.on('connect', (_req: IncomingMessage, socket: Socket) => {
    socket.on('error', () => socket.destroy());
    socket.end('HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    socket.destroySoon();
  });
  return server;
}

/** node:http's own 16 KB is too little for the cookies that some hubs collect. */
const maxHead = 64 * 1024;
