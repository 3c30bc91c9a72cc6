// What is made of the answers of servers: of Jupyter, of other programs, and of ones that mean ill.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { askJupyter } from '../../../../spawner/culling/jupyter.ts';

type Reply = { status?: number; headers?: Record<string, string>; body?: unknown };

let server: Server;
const asked: { url: string; authorization: string | undefined }[] = [];

afterEach(() => {
  asked.length = 0;
  server.closeAllConnections();
  server.close();
});

/** Asks a server that replies so to the addresses below its prefix. */
async function ask(replies: Record<string, Reply>, token: string | null = 'its-token') {
  server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const { url = '', headers } = request;
    asked.push({ url, authorization: headers.authorization });
    const path = new URL(url, 'http://server').pathname.replace('/user/ann/', '');
    const { status = 200, headers: fields = {}, body = '' } = replies[path] ?? { status: 404 };
    response.writeHead(status, fields).end(typeof body === 'string' ? body : JSON.stringify(body));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return askJupyter(`http://127.0.0.1:${(server.address() as AddressInfo).port}/user/ann/`, token);
}

const status = (kernels: number) => ({
  body: { started: '', last_activity: '2026-01-02T03:04:05.678901Z', kernels, connections: 1 },
});
const kernel = (execution_state: string) => ({ id: 'a', name: 'python3', execution_state });

test('kernels, busy ones, terminals and connections are counted', async () => {
  const found = await ask({
    'api/status': status(3),
    'api/kernels': { body: [kernel('busy'), kernel('idle'), kernel('starting')] },
    'api/terminals': { body: [{ name: '1' }, { name: '2' }] },
  });
  expect(found).toEqual({
    kind: 'jupyter',
    lastActivity: '2026-01-02T03:04:05.678Z',
    activity: { kernels: 3, busy: 1, terminals: 2, connections: 1 },
  });
});

test('every request has the token, and none counts as activity', async () => {
  await ask({ 'api/status': status(1), 'api/kernels': { body: [] }, 'api/terminals': { body: [] } });
  expect(asked.map(({ authorization }) => authorization)).toEqual(Array(3).fill('token its-token'));
  const [first, ...lists] = asked.map(({ url }) => url);
  expect(first).toBe('/user/ann/api/status'); // Jupyter never counts this one
  expect(lists.every((url) => url.includes('no_track_activity=1'))).toBe(true);
});

test('a server without a token is asked without', async () => {
  await ask({}, null);
  expect(asked).toEqual([{ url: '/user/ann/api/status', authorization: undefined }]);
});

test('without kernels there is no question for them, and without terminals there are none', async () => {
  const found = await ask({ 'api/status': status(0) });
  expect(found).toMatchObject({ activity: { kernels: 0, terminals: 0 } });
  expect(asked.some(({ url }) => url.includes('api/kernels'))).toBe(false);
});

describe.each<[string, Reply, 'other' | 'unknown']>([
  ['404', { status: 404 }, 'other'],
  ['401', { status: 401 }, 'other'],
  ['a page for everything', { body: '<html>' }, 'other'],
  ['JSON of another kind', { body: { ok: true } }, 'other'],
  ['a status without a time', { body: { last_activity: 'yesterday', kernels: 1, connections: 0 } }, 'other'],
  ['fewer kernels than none', { body: { ...status(-1).body } }, 'other'],
  ['a way to elsewhere', { status: 302, headers: { location: 'http://127.0.0.1:1/' } }, 'other'],
  ['403, as Jupyter does for a token it does not take', { status: 403 }, 'unknown'],
  ['500', { status: 500 }, 'unknown'],
  ['503', { status: 503 }, 'unknown'],
  ['more than anybody needs', { body: 'x'.repeat(2_000_000) }, 'unknown'],
])('a server whose status is %s', (_name, reply, kind) => {
  test(`is ${kind}`, async () => {
    expect(await ask({ 'api/status': reply })).toMatchObject({ kind });
    expect(asked).toHaveLength(1);
  });
});

test.each<[string, Reply]>([
  ['refused', { status: 403 }],
  ['no list', { body: { message: 'no' } }],
  ['a list of nothing', { body: [null] }],
  ['no JSON', { body: '<html>' }],
])('kernels that cannot be learned are not taken for idle ones: %s', async (_name, reply) => {
  const found = await ask({ 'api/status': status(1), 'api/kernels': reply, 'api/terminals': { body: [] } });
  expect(found).toMatchObject({ kind: 'unknown' });
});
