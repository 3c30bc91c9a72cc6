// Detects clients that disconnect while their upload waits for a slow target. Their sockets are paused, so node:net
// does not notice the close; the kernel's table of connections shows it (Linux only).
// Not here: pausing and resuming (upload.ts), the table (kernel-connections.ts).
import type { Socket } from 'node:net';
import { connectionKey, kernelConnections } from './kernel-connections.ts';

/** Returns how many bytes of the body the client still has to send, at least. */
type Missing = () => number;

export interface StalledClients {
  add(socket: Socket, missing: Missing): void;
  delete(socket: Socket): void;
}

export function watchStalledClients(): StalledClients {
  const clients = new Map<Socket, Missing>();
  let _timer: NodeJS.Timeout | undefined;
  const schedule = (): NodeJS.Timeout => setTimeout(look, interval).unref();
  /** Destroys the sockets of clients that are gone. Runs only while there are stalled clients. */
  const look = async (): Promise<void> => {
    const asked = [...clients.keys()];
    const known = asked.length === 0 ? undefined : await kernelConnections();
    _timer = undefined;
    for (const socket of asked) {
      const missing = clients.get(socket);
      if (socket.destroyed) clients.delete(socket);
      // Without a port it is a Unix socket, which the table does not list.
      if (missing === undefined || known === undefined || socket.localPort === undefined) continue;
      // After a reset the kernel no longer lists the peer; node:net knows it only if it was read before.
      const state = known.get(connectionKey(socket) ?? '');
      // After an orderly end the kernel may hold the rest of the body; encrypted bytes cannot be counted.
      const cut = state?.ended === true && !('encrypted' in socket) && missing() > state.unread;
      if (state === undefined || cut) socket.destroy();
    }
    if (clients.size > 0) _timer = schedule();
  };
  return {
    add: (socket, missing) => {
      clients.set(socket, missing);
      _timer ??= schedule();
    },
    delete: (socket) => clients.delete(socket),
  };
}

/** Milliseconds. */
const interval = 1000;
