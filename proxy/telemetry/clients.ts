// Counts client connections by state. Computed on demand, so that requests cost nothing.
// Not here: connections to targets (engine.ts).
import type { Server } from 'node:http';
import type { Socket } from 'node:net';

export interface ClientCounts {
  /** Between requests, or still sending a header section. */
  readonly idle: number;
  /** Waiting for a response, or receiving one. */
  readonly active: number;
  readonly upgraded: number;
}

/** `isBusy` says whether a request on this connection has no complete response yet; `upgraded` is a number of connections. */
export function watchClients(
  server: Server,
  isBusy: (socket: Socket) => boolean,
  upgraded: () => number,
  tls: boolean,
): () => ClientCounts {
  const sockets = new Set<Socket>();
  server.on(tls ? 'secureConnection' : 'connection', (socket: Socket) => {
    if (sockets.has(socket)) return;
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return () => {
    let active = 0;
    for (const socket of sockets) if (isBusy(socket)) active++;
    const became = upgraded();
    return { idle: Math.max(0, sockets.size - active - became), active, upgraded: became };
  };
}
