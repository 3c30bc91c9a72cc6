// Closes node:http servers, at once or after their requests have ended; the port of a server.
// Not here: listening (listen.ts).
import type { Server } from 'node:http';
import { type AddressInfo, Server as NetServer } from 'node:net';

/** Closes all connections, also those with a request in progress. Resolves at once for a server that never listened. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** Closes idle connections at once, others after their response. */
export function stopListening(server: Server): Promise<void> {
  closeAfterResponse(server);
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
}

/** Idle connections may carry one more request until their timeout, so that no request meets a closed connection. */
export function stopAccepting(server: Server): Promise<void> {
  closeAfterResponse(server);
  return new Promise((resolve) => {
    // node:http's own close() would close idle connections.
    NetServer.prototype.close.call(server, () => resolve());
  });
}

/** Otherwise a client that keeps sending requests would keep its connection for ever. */
function closeAfterResponse(server: Server): void {
  server.prependListener('request', (_req, res) => {
    res.shouldKeepAlive = false;
  });
}

export function portOf(server: Server): number {
  const address = server.address() as AddressInfo | string | null;
  return typeof address === 'object' && address !== null ? address.port : 0;
}
