// What is cut on the listener of reports, where every user of the cluster can connect.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Listener, listen } from '../../../../../spawner/http/listen.ts';
import { createReports, reportBounds } from '../../../../../spawner/launchers/slurm/reports/reports.ts';

const id = 'abcabcabcabc';
const reports = createReports('the key', () => true);
let listener: Listener;
const sockets: Socket[] = [];
beforeEach(async () => {
  // few enough to open them all, and a shorter time to wait for
  const bounds = { ...reportBounds, connections: 3, headersTimeout: 100, requestTimeout: 100 };
  const address = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const;
  listener = await listen(address, reports.listener, 'slurm.report_listen', bounds);
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await listener.close();
});

/** What a connection that sends `text` is told until it is closed. */
async function say(text: string): Promise<string> {
  const socket = open();
  let answer = '';
  socket.on('data', (chunk) => (answer += chunk)).on('error', () => {});
  socket.write(text);
  await new Promise((resolve) => socket.once('close', resolve));
  return answer;
}

function open(): Socket {
  const socket = connect(Number(new URL(listener.address).port), '127.0.0.1');
  sockets.push(socket);
  return socket;
}

test('a head that never ends is cut, and so is a body', async () => {
  const forget = reports.expect(id, () => {});
  const head = `POST /jobs/${id} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${reports.secretOf(id)}\r\n`;
  expect(await say(head)).toMatch(/^HTTP\/1.1 408 /);
  expect(await say(`${head}Content-Length: 9\r\n\r\n{`)).toMatch(/^HTTP\/1.1 408 /);
  forget();
});

test('a head of more than 16 KB is refused', async () => {
  const head = `POST /jobs/${id} HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(17_000)}\r\n\r\n`;
  expect(await say(head)).toMatch(/^HTTP\/1.1 431 /);
});

test('a connection too many is closed, and the next one is not when another has gone', async () => {
  const held = [open(), open(), open()];
  await Promise.all(held.map((socket) => once(socket, 'connect')));
  expect(await say('GET / HTTP/1.1\r\nHost: x\r\n\r\n')).toBe('');
  held[0]?.destroy();
  await expect.poll(() => say('GET / HTTP/1.1\r\nHost: x\r\n\r\n')).toMatch(/^HTTP\/1.1 400 /);
});
