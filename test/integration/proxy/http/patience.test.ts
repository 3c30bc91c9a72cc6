// Who is waited for and who is not: slow heads are closed, nothing is ended for being long. With a head
// timeout of a fraction of a second, requests that last several times as long show the difference.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { rawClient } from '../support/raw-client.ts';
import { forEachEngine, startedProxy } from '../support/started-proxy.ts';
import { bodyOf, httpUpstream } from '../support/upstream.ts';

const headTimeout = 200;
const patient = ['--head-timeout', `${headTimeout}`, '--keep-alive-timeout', '100'];

/** Resolves when a client that began at the same time with half a head has been closed `times` times. */
async function slowHeadsClosed(port: number, times: number): Promise<void> {
  for (let time = 0; time < times; time++) await rawClient(port, 'GET / HTTP/1.1\r\nX-Half:').untilClosed();
}

test.each([
  ['half a head', 'GET / HTTP/1.1\r\nHost: h\r\nX-'],
  ['nothing at all', ''],
])('a client that sends %s is closed, and reaches no target', async (_what, first) => {
  const upstream = await httpUpstream((_req, res) => res.end());
  const proxy = await startedProxy(['--default-target', upstream.url, ...patient]);
  const received = await rawClient(proxy.port, first).untilClosed();
  expect(received === '' || received.startsWith('HTTP/1.1 408')).toBe(true);
  expect(upstream.accepted()).toBe(0);
});

test('a client that sends its head a byte at a time is closed although it is never silent', async () => {
  const upstream = await httpUpstream((_req, res) => res.end());
  const proxy = await startedProxy(['--default-target', upstream.url, ...patient]);
  const client = rawClient(proxy.port, 'GET / HTTP/1.1\r\n');
  const drip = setInterval(() => client.send('x'), 20);
  onTestFinished(() => clearInterval(drip));
  await client.untilClosed();
  expect(upstream.accepted()).toBe(0);
});

forEachEngine(() => {
  test('an upload with pauses longer than the limit of a head arrives whole', async () => {
    const upstream = await httpUpstream(async (req, res) => res.end(await bodyOf(req)));
    const proxy = await startedProxy(['--default-target', upstream.url, ...patient]);
    const client = rawClient(proxy.port, 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n1');
    for (const piece of ['2', '3']) {
      await slowHeadsClosed(proxy.port, 2);
      client.send(piece);
    }
    expect(await client.until('123')).toMatch(/^HTTP\/1\.1 200 /);
  });

  test('a download with pauses longer than the limit of a head arrives whole', async () => {
    let more: (() => void) | undefined;
    const upstream = await httpUpstream((_req, res) => {
      res.writeHead(200, { 'Content-Length': 3 }).write('a');
      const pieces = ['b', 'c'];
      more = () => void res.write(pieces.shift() ?? '');
    });
    const proxy = await startedProxy(['--default-target', upstream.url, ...patient]);
    const client = rawClient(proxy.port, 'GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    await client.until(/\r\n\r\na$/);
    for (const so of ['ab', 'abc']) {
      await slowHeadsClosed(proxy.port, 2);
      more?.();
      expect(await client.until(new RegExp(`\r\n\r\n${so}$`))).toMatch(/^HTTP\/1\.1 200 /);
    }
  });

  test('a WebSocket that carries only pings stays open', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    const sockets = new WebSocketServer({ server });
    await once(server, 'listening');
    onTestFinished(() => {
      for (const socket of sockets.clients) socket.terminate();
      server.close();
    });
    const target = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const limits = ['--timeout', '150', '--proxy-timeout', '150'];
    const proxy = await startedProxy(['--default-target', target, ...patient, ...limits]);
    const client = new WebSocket(`ws://127.0.0.1:${proxy.port}/`);
    onTestFinished(() => client.terminate());
    await once(client, 'open');
    for (let ping = 0; ping < 3; ping++) {
      await slowHeadsClosed(proxy.port, 1);
      client.ping();
      await once(client, 'pong');
    }
    expect(client.readyState).toBe(WebSocket.OPEN);
  });
});

test('the kernel probes connections of clients that are silent, so that dead ones are found', async () => {
  const proxy = await startedProxy();
  const client = rawClient(proxy.port);
  await once(client.socket, 'connect');
  const hex = (port: number) => port.toString(16).toUpperCase().padStart(4, '0');
  const ends = `:${hex(proxy.port)} [0-9A-F]+:${hex(client.socket.localPort ?? 0)}`;
  // man 5 proc: the state of the connection, its queues, and its timer; 02 is keep-alive
  const row = new RegExp(`${ends} 01 [0-9A-F]+:[0-9A-F]+ 02:`);
  await expect
    .poll(() => readFileSync('/proc/net/tcp', 'utf8') + readFileSync('/proc/net/tcp6', 'utf8'))
    .toMatch(row);
});
