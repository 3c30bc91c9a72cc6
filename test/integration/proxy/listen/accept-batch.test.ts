// Clients that come at once, and a proxy that has to let them in one by one.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { rawClient } from '../support/raw-client.ts';
import { forEachEngine, type StartedProxy, startedProxy } from '../support/started-proxy.ts';
import { rawUpstream } from '../support/upstream.ts';

const count = 50;

/** How many clients the proxy has accepted so far. Tells of each at once. */
function accepted(proxy: StartedProxy, onClient: () => void = () => undefined): () => number {
  let clients = 0;
  const onSocket = (message: unknown): void => {
    if ((message as { socket: Socket }).socket.localPort !== proxy.port) return;
    clients++;
    onClient();
  };
  subscribe('net.server.socket', onSocket);
  onTestFinished(() => {
    unsubscribe('net.server.socket', onSocket);
  });
  return () => clients;
}

forEachEngine(() => {
  test.each([
    ['requests', '', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'],
    [
      'WebSockets',
      'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n',
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nok',
    ],
  ])('%s of clients that come at once reach a target when all are let in', async (_kind, fields, answer) => {
    // A busy machine must not end their time. (A faked clock goes on with every look of expect.poll.)
    const clock = vi.spyOn(performance, 'now').mockReturnValue(performance.now());
    onTestFinished(() => {
      clock.mockRestore();
    });
    let insideAtFirst: number | undefined;
    const upstream = await rawUpstream((socket, received) => {
      insideAtFirst ??= inside();
      if (received.endsWith('\r\n\r\n')) socket.write(answer);
    });
    const proxy = await startedProxy(['--default-target', upstream.url]);
    const inside = accepted(proxy);
    const clients = Array.from({ length: count }, () =>
      rawClient(proxy.port, `GET / HTTP/1.1\r\nHost: h\r\n${fields}\r\n`),
    );
    for (const client of clients) await client.until(/ok$/);
    expect(insideAtFirst).toBe(count);
  });

  test('a proxy that is closed while clients come in serves none of them, and leaves none', async () => {
    let asked = 0;
    const upstream = await rawUpstream(() => {
      asked++;
    });
    const proxy = await startedProxy(['--default-target', upstream.url]);
    let closed: Promise<void> | undefined;
    const inside = accepted(proxy, () => {
      closed ??= proxy.close();
    });
    const clients = Array.from({ length: count }, () =>
      rawClient(proxy.port, 'GET / HTTP/1.1\r\nHost: h\r\n\r\n'),
    );
    await expect.poll(inside).toBeGreaterThan(0);
    await closed;
    for (const client of clients) await client.untilClosed();
    expect(asked).toBe(0);
    expect(upstream.sockets.size).toBe(0);
  });
});
