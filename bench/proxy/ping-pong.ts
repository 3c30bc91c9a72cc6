// Round trips of messages over many open WebSockets at once. Not here: opening them.
import type { Duplex } from 'node:stream';

/** Every socket sends its next message when the last one is back. Milliseconds of each round trip. */
export async function pingPong(
  sockets: readonly Duplex[],
  duration: number,
  bytes: number,
): Promise<number[]> {
  const message = Buffer.alloc(bytes, 'x');
  const times: number[] = [];
  const end = performance.now() + duration * 1000;
  const one = (socket: Duplex): Promise<void> =>
    new Promise((resolve) => {
      let missing = bytes;
      let began = performance.now();
      const take = (chunk: Buffer): void => {
        missing -= chunk.length;
        if (missing > 0) return;
        const now = performance.now();
        times.push(now - began);
        if (now >= end) {
          socket.off('data', take);
          resolve();
          return;
        }
        missing = bytes;
        began = now;
        socket.write(message);
      };
      socket.on('data', take);
      socket.write(message);
    });
  await Promise.all(sockets.map(one));
  return times;
}
