// Clients whose upload waits for a slow target. Their sockets are not read meanwhile, so that node:net does
// not learn of a reset; the kernel's table of connections tells it, where there is one (Linux).
// Not here: stalling and going on (upload.ts).
import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';

export class StalledClients {
  readonly #sockets = new Set<Socket>();
  #timer: NodeJS.Timeout | undefined;

  add(socket: Socket): void {
    this.#sockets.add(socket);
    this.#timer ??= setTimeout(() => this.#look(), interval).unref();
  }

  delete(socket: Socket): void {
    this.#sockets.delete(socket);
  }

  /** Ends those that the kernel does not know any more. Only they are looked for, and only while there are any. */
  async #look(): Promise<void> {
    const asked = [...this.#sockets];
    const known = asked.length === 0 ? undefined : await connections();
    this.#timer = undefined;
    for (const socket of asked) {
      if (socket.destroyed) this.#sockets.delete(socket);
      const { localPort, remotePort } = socket;
      if (known === undefined || localPort === undefined || remotePort === undefined) continue;
      if (this.#sockets.has(socket) && !known.has(`${localPort} ${remotePort}`)) socket.destroy();
    }
    if (this.#sockets.size > 0) this.#timer = setTimeout(() => this.#look(), interval).unref();
  }
}

/** Ports of every connection, ours first; undefined where the kernel does not tell. */
async function connections(): Promise<Set<string> | undefined> {
  try {
    const tables = await Promise.all(
      ['/proc/net/tcp', '/proc/net/tcp6'].map((file) => readFile(file, 'latin1')),
    );
    const rows = tables.join('\n').matchAll(/^ *\d+: [0-9A-F]+:([0-9A-F]{4}) [0-9A-F]+:([0-9A-F]{4}) /gm);
    return new Set(
      [...rows].map(([, ours = '', theirs = '']) => `${parseInt(ours, 16)} ${parseInt(theirs, 16)}`),
    );
  } catch {
    return undefined;
  }
}

/** Milliseconds. */
const interval = 1000;
