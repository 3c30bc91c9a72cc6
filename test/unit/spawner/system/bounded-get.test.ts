// Answers of servers that nobody trusts: slow, endless, silent, and pointing elsewhere.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { boundedGet, singleConnection } from '../../../../spawner/system/bounded-get.ts';
import { certificates } from '../../../integration/proxy/support/certificates.ts';

const bounds = { headers: {}, timeout: 30_000, mostBytes: 1000 };
const authority = certificates();
let server: Server;

async function serving(listener: RequestListener): Promise<string> {
  server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

test('an ordinary answer is its status and its text', async () => {
  const url = await serving((request, response) => {
    response.writeHead(418).end(`${request.method} ${request.headers.authorization}`);
  });
  expect(await boundedGet(url, { ...bounds, headers: { authorization: 'token x' } })).toEqual({
    status: 418,
    text: 'GET token x',
  });
});

test('a redirect is an answer, not a way', async () => {
  let asked = 0;
  const url = await serving((_request, response) => {
    asked += 1;
    response.writeHead(302, { location: '/elsewhere' }).end();
  });
  expect(await boundedGet(url, bounds)).toMatchObject({ status: 302 });
  expect(asked).toBe(1);
});

test('an endless answer ends, and its connection with it', async () => {
  const url = await serving((_request, response) => {
    const more = () => void (response.write('x'.repeat(600)) && setImmediate(more));
    response.on('drain', more);
    more();
  });
  const gone = once(server, 'connection').then(([socket]) => once(socket, 'close'));
  await expect(boundedGet(url, bounds)).rejects.toThrow('longer than 1000 bytes');
  await gone;
});

test.each([
  ['says nothing', () => {}],
  [
    'drips',
    (response: { write(text: string): void }) => void setInterval(() => response.write('x'), 20).unref(),
  ],
])('a server that %s is waited for as long as we chose', async (_name, behave) => {
  const url = await serving((_request, response) => behave(response));
  await expect(boundedGet(url, { ...bounds, timeout: 200 })).rejects.toThrow('no response within 200 ms');
});

test.each([
  [
    'switches to another protocol unasked',
    'HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n',
  ],
  ['promises more than it sends', 'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nx'],
  ['speaks no HTTP', 'SSH-2.0-OpenSSH\r\n'],
])('a server that %s has given no answer', async (_name, said) => {
  const url = await serving(() => {});
  server.on('connection', (socket) => socket.once('data', () => socket.end(said)));
  await expect(boundedGet(url, bounds)).rejects.toThrow();
});

test('one connection is kept over TLS as well', async () => {
  const { cert, key } = authority.issue('localhost', 'IP:127.0.0.1');
  server = createTlsServer({ cert: readFileSync(cert), key: readFileSync(key) }, (_request, response) => {
    response.end('never seen');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  // it gets as far as the certificate, whose authority nobody knows
  await expect(boundedGet(url, { ...bounds, agent: singleConnection(url) })).rejects.toMatchObject({
    code: expect.stringMatching(/CERT|UNABLE_TO/),
  });
});

test('several requests go over one connection, which is closed at the end', async () => {
  let connections = 0;
  const url = await serving((_request, response) => void response.end('yes'));
  server.on('connection', () => (connections += 1));
  const agent = singleConnection(url);
  for (const _turn of [1, 2, 3]) await boundedGet(url, { ...bounds, agent });
  agent.destroy();
  expect(connections).toBe(1);
  await expect
    .poll(() => new Promise((resolve) => server.getConnections((_error, open) => resolve(open))))
    .toBe(0);
});
