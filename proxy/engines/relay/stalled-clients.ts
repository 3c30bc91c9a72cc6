// Clients whose upload waits for a slow target. Their sockets are not read meanwhile, so that node:net does
// not learn of their end; the kernel's table of connections tells it, where there is one (Linux).
// Not here: stalling and going on (upload.ts), the table (kernel-connections.ts).
import type { Socket } from 'node:net';
import { connectionKey, kernelConnections } from './kernel-connections.ts';

/** How many bytes of its body a client has to send yet, at least. */
type Missing = () => number;

export interface StalledClients {
  add(socket: Socket, missing: Missing): void;
  delete(socket: Socket): void;
}

export function watchStalledClients(): StalledClients {
  const clients = new Map<Socket, Missing>();
  let _timer: NodeJS.Timeout | undefined;
  const schedule = (): NodeJS.Timeout => setTimeout(look, interval).unref();
  /** Ends those that are gone. Only stalled ones are looked for, and only while there are any. */
  const look = async (): Promise<void> => {
    const asked = [...clients.keys()];
    const known = asked.length === 0 ? undefined : await kernelConnections();
    _timer = undefined;
    for (const socket of asked) {
      const missing = clients.get(socket);
      if (socket.destroyed) clients.delete(socket);
      // Without a port it is a Unix socket, which the table does not have.
      if (missing === undefined || known === undefined || socket.localPort === undefined) continue;
      // After a reset the kernel names no peer any more, and node:net only if somebody had asked before.
      const state = known.get(connectionKey(socket) ?? '');
      // After an orderly end the rest of the body may lie in the kernel; what is encrypted cannot be counted.
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
