// Ending node:http servers, at once or when their requests have ended, and their ports.
// Not here: making them listen (listen.ts).
import type { Server } from 'node:http';
import { type AddressInfo, Server as NetServer } from 'node:net';

/** Also ends connections that carry a request; a server that never listened is closed already. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** Idle connections go at once, others when their answer is complete. */
export function stopListening(server: Server): Promise<void> {
  lastAnswers(server);
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
}

/** Idle connections may carry one request more, until their time is over: none is closed under a request. */
export function stopAccepting(server: Server): Promise<void> {
  lastAnswers(server);
  return new Promise((resolve) => {
    // node:http's own would close the idle ones.
    NetServer.prototype.close.call(server, () => resolve());
  });
}

/** A client that goes on asking on the connection it has would keep it for ever. */
function lastAnswers(server: Server): void {
  server.prependListener('request', (_req, res) => {
    res.shouldKeepAlive = false;
  });
}

export function portOf(server: Server): number {
  const address = server.address() as AddressInfo | string | null;
  return typeof address === 'object' && address !== null ? address.port : 0;
}
