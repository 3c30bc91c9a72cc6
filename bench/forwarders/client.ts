// The clients of bench/forwarders.ts: requests over plain sockets, since node:http's own client costs more than any
// forwarder, and messages over a WebSocket. Not here: what is measured with them (traffic.ts).
import { once } from 'node:events';
import { connect } from 'node:net';
import { WebSocket } from 'ws';

export interface Connection {
  /** Settles when a response of `bytes` bytes was read. */
  get(bytes: number): Promise<void>;
  post(bytes: number): Promise<void>;
  close(): void;
}

/** Milliseconds; the kernel repeats for two minutes what a full backlog drops. */
const longestConnect = 10_000;

/** Settles when it is connected; its requests reject when it breaks. */
export async function openConnection(port: number): Promise<Connection> {
  let header = '';
  let left = -1;
  let waiting: { resolve: () => void; reject: (cause: Error) => void } | null = null;
  const done = () => {
    const { resolve } = waiting ?? {};
    waiting = null;
    resolve?.();
  };
  const received = (length: number, chunk: Buffer) => {
    let body = length;
    if (left < 0) {
      header += chunk.toString('latin1', 0, Math.min(length, 4096));
      const end = header.indexOf('\r\n\r\n');
      if (end < 0) return;
      left = Number(/^content-length: (\d+)/im.exec(header)?.[1]);
      body -= end + 4; // all header sections here come in one piece
      header = '';
    }
    left -= body;
    if (left > 0) return;
    left = -1;
    done();
  };
  const socket = connect({
    ...{ host: '127.0.0.1', port, noDelay: true },
    onread: {
      buffer: Buffer.allocUnsafe(1 << 18),
      callback: (length, chunk) => {
        received(length, Buffer.from(chunk.buffer, chunk.byteOffset, length));
        return true;
      },
    },
  });
  const broken = (cause: Error) => {
    waiting?.reject(cause);
    waiting = null;
  };
  socket.on('error', broken);
  socket.on('close', () => broken(new Error('the connection was closed')));
  const late = setTimeout(() => socket.destroy(new Error('not connected in time')), longestConnect);
  await once(socket, 'connect').finally(() => clearTimeout(late));
  const answered = () =>
    new Promise<void>((resolve, reject) => {
      waiting = { resolve, reject };
    });
  return {
    get(bytes) {
      const answer = answered();
      socket.write(`GET /${bytes} HTTP/1.1\r\nHost: bench\r\n\r\n`);
      return answer;
    },
    async post(bytes) {
      const answer = answered();
      socket.write(`POST / HTTP/1.1\r\nHost: bench\r\nContent-Length: ${bytes}\r\n\r\n`);
      for (let sent = 0; sent < bytes; sent += block.length) {
        const part = block.subarray(0, Math.min(block.length, bytes - sent));
        if (!socket.write(part)) await Promise.race([once(socket, 'drain'), answer]);
      }
      return answer;
    },
    close: () => socket.destroy(),
  };
}

const block = Buffer.alloc(1 << 20);

export interface MessageSocket {
  /** Sends a message; settles when it has come back. */
  echo(message: string): Promise<unknown>;
  close(): void;
}

export async function openWebSocket(port: number): Promise<MessageSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
  await once(socket, 'open');
  return {
    echo(message) {
      const back = once(socket, 'message');
      socket.send(message);
      return back;
    },
    close: () => socket.terminate(),
  };
}
