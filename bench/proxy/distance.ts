// A distance between a client and a proxy: a relay that delivers every byte half a round trip later, in both directions.
// The kernel's `tc netem` does the same where it exists. At most `inFlight` bytes are under way in each direction, as
// with a TCP window.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface Distance {
  readonly port: number;
  close(): void;
}

/** `roundTrip` is in milliseconds. */
export async function startDistance(port: number, roundTrip: number): Promise<Distance> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ port, host: '127.0.0.1', noDelay: true });
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      socket.on('error', () => undefined);
    }
    delay(near, far, roundTrip / 2);
    delay(far, near, roundTrip / 2);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return { port: (server.address() as AddressInfo).port, close };
}

function delay(from: Socket, to: Socket, milliseconds: number): void {
  let underWay = 0;
  from.on('data', (bytes: Buffer) => {
    underWay += bytes.length;
    if (underWay >= inFlight) from.pause();
    setTimeout(() => {
      to.write(bytes, () => {
        underWay -= bytes.length;
        if (underWay < inFlight) from.resume();
      });
    }, milliseconds);
  });
  from.on('close', () => setTimeout(() => to.destroy(), milliseconds));
}

/** Bytes; the largest send buffer of a Linux socket by default (tcp_wmem). */
const inFlight = 4 * 1024 * 1024;
