// Clients whose upload waits for a slow target. Their sockets are not read meanwhile, so that node:net does
// not learn of their end; the kernel's table of connections tells it, where there is one (Linux).
// Not here: stalling and going on (upload.ts), the table (kernel-connections.ts).
import type { Socket } from 'node:net';
import { connectionKey, kernelConnections } from './kernel-connections.ts';

/** How many bytes of its body a client has to send yet, at least. */
type Missing = () => number;

export class StalledClients {
  readonly #clients = new Map<Socket, Missing>();
  #timer: NodeJS.Timeout | undefined;

  add(socket: Socket, missing: Missing): void {
    this.#clients.set(socket, missing);
    this.#timer ??= setTimeout(() => this.#look(), interval).unref();
  }

  delete(socket: Socket): void {
    this.#clients.delete(socket);
  }

  /** Ends those that are gone. Only stalled ones are looked for, and only while there are any. */
  async #look(): Promise<void> {
    const asked = [...this.#clients.keys()];
    const known = asked.length === 0 ? undefined : await kernelConnections();
    this.#timer = undefined;
    for (const socket of asked) {
      const missing = this.#clients.get(socket);
      if (socket.destroyed) this.#clients.delete(socket);
      // Without a port it is a Unix socket, which the table does not have.
      if (missing === undefined || known === undefined || socket.localPort === undefined) continue;
      // After a reset the kernel names no peer any more, and node:net only if somebody had asked before.
      const state = known.get(connectionKey(socket) ?? '');
      // After an orderly end the rest of the body may lie in the kernel; what is encrypted cannot be counted.
      const cut = state?.ended === true && !('encrypted' in socket) && missing() > state.unread;
      if (state === undefined || cut) socket.destroy();
    }
    if (this.#clients.size > 0) this.#timer = setTimeout(() => this.#look(), interval).unref();
  }
}

/** Milliseconds. */
const interval = 1000;
