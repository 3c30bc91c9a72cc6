// A client that says exactly the bytes it is given and keeps what comes back, as latin1 text.
import { connect, type Socket } from 'node:net';
import { expect, onTestFinished } from 'vitest';

export interface RawClient {
  readonly socket: Socket;
  readonly received: () => string;
  /** The other side ended or reset the connection. */
  readonly closed: () => boolean;
  send(text: string): void;
  /** Waits until what was received contains `text`. */
  until(text: string | RegExp): Promise<string>;
  untilClosed(): Promise<string>;
}

export function rawClient(port: number, first = ''): RawClient {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  let received = '';
  let closed = false;
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1');
  });
  socket.on('error', () => undefined);
  socket.on('end', () => {
    closed = true;
  });
  socket.on('close', () => {
    closed = true;
  });
  onTestFinished(() => {
    socket.destroy();
  });
  if (first !== '') socket.write(first, 'latin1');
  return {
    socket,
    received: () => received,
    closed: () => closed,
    send: (text) => {
      socket.write(text, 'latin1');
    },
    until: async (text) => {
      await expect.poll(() => received, { timeout: 10_000, interval: 5 }).toMatch(text);
      return received;
    },
    untilClosed: async () => {
      await expect.poll(() => closed, { timeout: 10_000, interval: 5 }).toBe(true);
      return received;
    },
  };
}
