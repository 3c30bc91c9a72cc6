// --workers with --http2-websockets: each worker opens WebSockets over HTTP/2, and one that is renewed keeps those it has.
// Not here: what a WebSocket over HTTP/2 is (http/http2-websocket.test.ts), other renewals (workers.test.ts).
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { childrenOf } from '../../../../portwrap/system/process.ts';
import { compiledCommand, freePort, runCommand } from '../support/command.ts';
import { http2Proxies } from '../support/http2.ts';
import { closeFrame, frameOf, open, opened } from '../support/http2-websocket.ts';

const main = compiledCommand();
const { tls, connected } = http2Proxies();

test('WebSockets over HTTP/2 pass through workers, and renewed workers keep theirs and end after the last one', {
  timeout: 60_000,
}, async () => {
  const target = await echoServer();
  const port = await freePort();
  const argv = ['--ip', '127.0.0.1', '--port', `${port}`, '--default-target', target, '--workers', '2'];
  const command = runCommand(main, [...argv, ...tls, '--http2-websockets'], {
    CONFIGPROXY_AUTH_TOKEN: 'secret',
  });
  await command.until('Proxy API at');
  const first = childrenOf(command.child.pid ?? 0);
  expect(first).toHaveLength(2);
  const sessions = await Promise.all(Array.from({ length: 8 }, () => connectedSession(port)));
  const streams = await Promise.all(sessions.map((session) => opened(open(session))));
  expect(await Promise.all(streams.map(echo))).toEqual(streams.map(() => 'hello'));
  command.child.kill('SIGUSR2');
  await command.until('Workers renewed');
  await expect.poll(() => childrenOf(command.child.pid ?? 0).length).toBeGreaterThan(2);
  const later = await opened(open(await connectedSession(port)));
  expect(await Promise.all([later, ...streams].map(echo))).toEqual([later, ...streams].map(() => 'hello'));
  for (const stream of streams) stream.end(closeFrame);
  await expect
    .poll(() => first.filter((pid) => childrenOf(command.child.pid ?? 0).includes(pid)), { timeout: 20_000 })
    .toEqual([]);
  expect(await echo(later)).toBe('hello');
});

async function connectedSession(port: number): Promise<ClientHttp2Session> {
  const session = connected(port);
  await once(session, 'remoteSettings');
  return session;
}

async function echo(stream: ClientHttp2Stream): Promise<string> {
  stream.write(frameOf('hello'));
  const [bytes] = await once(stream, 'data');
  return String(bytes.subarray(2));
}

async function echoServer(): Promise<string> {
  const server = createServer();
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket: WebSocket) =>
    socket.on('message', (message) => socket.send(`${message}`)),
  );
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    for (const socket of sockets.clients) socket.terminate();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
