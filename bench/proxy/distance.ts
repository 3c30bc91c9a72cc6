// A distance between a client and a proxy: a relay that delivers every byte half a round trip later, in both directions,
// and, if a rate is given, as over one link that all connections share. The kernel's `tc netem` does the same where it
// exists. At most `inFlight` bytes of a connection are under way in each direction, as with a TCP window.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

export interface Distance {
  readonly port: number;
  close(): void;
}

/** `roundTrip` is in milliseconds, `rate` in megabits per second in each direction. */
export async function startDistance(
  port: number,
  roundTrip: number,
  rate: number = Number.POSITIVE_INFINITY,
): Promise<Distance> {
  const [up, down] = [startLink(rate), startLink(rate)];
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ port, host: '127.0.0.1', noDelay: true });
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      socket.on('error', () => undefined);
    }
    delay(near, far, roundTrip / 2, up);
    delay(far, near, roundTrip / 2, down);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return { port: (server.address() as AddressInfo).port, close };
}

/** Says for how many milliseconds these bytes wait until the link has carried them and all before them. */
type Link = (bytes: number) => number;

function startLink(rate: number): Link {
  let freeAt = 0;
  return (bytes) => {
    const now = performance.now();
    freeAt = Math.max(now, freeAt) + (bytes * 8) / (rate * 1000);
    return freeAt - now;
  };
}

function delay(from: Socket, to: Socket, milliseconds: number, link: Link): void {
  let underWay = 0;
  let arrived = Promise.resolve();
  from.on('data', (bytes: Buffer) => {
    underWay += bytes.length;
    if (underWay >= inFlight) from.pause();
    // in packets: connections share the link
    for (let at = 0; at < bytes.length; at += packet) {
      const part = bytes.subarray(at, at + packet);
      // timers of different lengths may fire out of order
      const due = pause(link(part.length) + milliseconds);
      arrived = Promise.all([arrived, due]).then(() => {
        to.write(part, () => {
          underWay -= part.length;
          if (underWay < inFlight) from.resume();
        });
      });
    }
  });
  from.on('close', () => {
    const due = pause(milliseconds);
    arrived = Promise.all([arrived, due]).then(() => void to.destroySoon());
  });
}

/** Bytes; with the default, the largest send buffer of a Linux socket (tcp_wmem). */
const inFlight = 4 * 1024 * 1024;

/** Bytes. */
const packet = 16 * 1024;
