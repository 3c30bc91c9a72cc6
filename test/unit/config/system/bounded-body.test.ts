// Reading bodies of a real HTTP request.
import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readBody } from '../../../../config/system/bounded-body.ts';

const server = createServer();
beforeEach(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
});
afterEach(async () => {
  server.removeAllListeners('request');
  server.closeAllConnections();
  await once(server.close(), 'close');
});

function post() {
  const { port } = server.address() as AddressInfo;
  const outgoing = request({ host: '127.0.0.1', port, method: 'POST', agent: false });
  return outgoing.on('error', () => {});
}

test.each([
  [4, '1234', '1234'],
  [3, '1234', null],
  [0, '', ''],
])('with a limit of %i bytes, "%s" is read as %j, and the answer comes', async (limit, sent, expected) => {
  let read: string | null | undefined;
  server.once('request', async (incoming, response) => {
    const body = await readBody(incoming, limit);
    read = body === null ? null : body.toString();
    response.writeHead(body === null ? 413 : 204).end();
  });
  const outgoing = post();
  outgoing.end(sent);
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  answer.resume();
  expect(answer.statusCode).toBe(expected === null ? 413 : 204);
  expect(read).toBe(expected);
});

test('a body that is too long is given up before it ends', async () => {
  const arrived = once(server, 'request');
  const outgoing = post();
  outgoing.write('x'.repeat(100_000));
  const [incoming] = (await arrived) as [IncomingMessage];
  expect(await readBody(incoming, 1000)).toBe(null);
  outgoing.destroy();
});

test('a client that goes away in the middle is an error', async () => {
  const arrived = once(server, 'request');
  const outgoing = post();
  outgoing.write('half');
  const [incoming] = (await arrived) as [IncomingMessage];
  const body = readBody(incoming, 1000);
  outgoing.destroy();
  await expect(body).rejects.toMatchObject({ code: 'ECONNRESET' });
});
