// Detects clients that disconnect while their socket is not read: an upload that waits for a slow target, or HTTP/2
// after a protocol error. The kernel's table of connections shows it (Linux only).
// Not here: who is not read (engines/relay/upload.ts, front/http2/silence.ts), the table (kernel-connections.ts).
import type { Socket } from 'node:net';
import { connectionKey, kernelConnections } from './kernel-connections.ts';

/** Whether the connection is over, given that the client has ended its side and the kernel holds `unread` bytes. */
type IsCut = (unread: number) => boolean;

export interface StalledClients {
  add(socket: Socket, isCut: IsCut): void;
  delete(socket: Socket): void;
}

export function watchStalledClients(): StalledClients {
  const clients = new Map<Socket, IsCut>();
  let _timer: NodeJS.Timeout | undefined;
  const schedule = (): NodeJS.Timeout => setTimeout(look, interval).unref();
  /** Destroys the sockets of clients that are gone. Runs only while there are stalled clients. */
  const look = async (): Promise<void> => {
    const asked = [...clients.keys()];
    const known = asked.length === 0 ? undefined : await kernelConnections();
    _timer = undefined;
    for (const socket of asked) {
      const isCut = clients.get(socket);
      if (socket.destroyed) clients.delete(socket);
      // Without a port it is a Unix socket, which the table does not list.
      if (isCut === undefined || known === undefined || socket.localPort === undefined) continue;
      // After a reset the kernel no longer lists the peer; node:net knows it only if it was read before.
      const state = known.get(connectionKey(socket) ?? '');
      if (state === undefined || (state.ended && isCut(state.unread))) socket.destroy();
    }
    if (clients.size > 0) _timer = schedule();
  };
  return {
    add: (socket, isCut) => {
      clients.set(socket, isCut);
      _timer ??= schedule();
    },
    delete: (socket) => clients.delete(socket),
  };
}

/** Milliseconds. */
const interval = 1000;
