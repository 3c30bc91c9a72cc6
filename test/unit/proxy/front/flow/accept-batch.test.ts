import { EventEmitter, once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type AcceptBatch, createAcceptBatch } from '../../../../../proxy/front/flow/accept-batch.ts';

const request = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n';

test('of a hundred clients that come at once none is served before all are let in', async () => {
  // A busy machine must not end their time.
  vi.useFakeTimers({ toFake: ['performance'] });
  const server = createServer();
  const acceptBatch = createAcceptBatch(server);
  let inside = 0;
  const insideWhenServed: number[] = [];
  server.on('connection', () => inside++);
  server.on('request', (req, res) =>
    acceptBatch.serve(req.socket, () => {
      insideWhenServed.push(inside);
      res.end();
    }),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  // The kernel has them all before the server has its next turn.
  const clients = Array.from({ length: 100 }, () => connect(port, '127.0.0.1').on('error', () => undefined));
  onTestFinished(() => {
    vi.useRealTimers();
    for (const client of clients) client.destroy();
    server.close();
  });
  for (const client of clients) client.write(request);
  await new Promise((resolve) => process.nextTick(resolve)); // node:net connects in the next tick
  while (waitingToBeAccepted(port) < clients.length);
  await Promise.all(clients.map((client) => once(client, 'data')));
  expect(insideWhenServed).toEqual(Array(100).fill(100));
});

test('what is asked while somebody comes in is served in order, except for a client that has left', async () => {
  const { server, acceptBatch } = quietServer();
  const served: string[] = [];
  const [here, left] = [new Socket(), new Socket()];
  server.emit('connection');
  acceptBatch.serve(here, () => served.push('first'));
  acceptBatch.serve(left, () => served.push('left'));
  acceptBatch.serve(here, () => served.push('second'));
  left.destroy();
  expect(served).toEqual([]);
  await expect.poll(() => served).toEqual(['first', 'second']);
  acceptBatch.serve(here, () => served.push('third'));
  expect(served).toEqual(['first', 'second', 'third']);
});

test('connections without end do not keep others from being served', async () => {
  const { server, acceptBatch } = quietServer();
  let served = false;
  let nextAtOnce = false;
  server.emit('connection');
  acceptBatch.serve(new Socket(), () => {
    served = true;
    // Nor does the next one wait just as long.
    server.emit('connection');
    const later = vi.fn();
    acceptBatch.serve(new Socket(), later);
    nextAtOnce = later.mock.calls.length === 1;
  });
  let turns = 0;
  for (; !served; turns++) {
    server.emit('connection');
    await nextTurn();
  }
  expect(turns).toBeGreaterThan(1);
  expect(nextAtOnce).toBe(true);
});

/** Connections that the kernel has made for the listener and nobody has accepted (proc_net_tcp(5): its rx_queue). */
function waitingToBeAccepted(port: number): number {
  const at = port.toString(16).toUpperCase().padStart(4, '0');
  const line = new RegExp(`: 0100007F:${at} 00000000:0000 0A [0-9A-F]+:([0-9A-F]+) `);
  return Number.parseInt(line.exec(readFileSync('/proc/net/tcp', 'utf8'))?.[1] ?? '0', 16);
}

function quietServer(): { server: EventEmitter; acceptBatch: AcceptBatch } {
  const server = new EventEmitter();
  return { server, acceptBatch: createAcceptBatch(server as Server) };
}
