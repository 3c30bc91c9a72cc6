// Clients that send anything, and clients that repeat, reorder and abandon what they ask: each gets an answer with a
// code or none at all, the service goes on, and nothing is left. Not here: kill -9 meanwhile (storm.test.ts).
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import fc from 'fast-check';
import { expect } from 'vitest';
import { freeRange } from '../../../support/machine/free-ports.ts';
import { hubToken, processesBelow, serverPath, type TestService } from '../../../support/service.ts';
import { serviceTest } from '../../../support/service-test.ts';

const tiny =
  "import socket,sys;s=socket.create_server(('0.0.0.0',int(sys.argv[1])))\\nwhile 1:\\n c,_=s.accept();c.recv(999);c.send(b'HTTP/1.0 200 OK\\\\r\\\\n\\\\r\\\\n');c.close()";

const range = await freeRange(64);
const test = serviceTest(
  `
  - name: web
    command: [/usr/bin/python3, -S, -u, -c, "${tiny}", "{guest-port}"]
`,
  `ports: {range: ${range.low}-${range.high}}`,
);

async function expectAlive(service: TestService): Promise<void> {
  expect((await service.call('GET', '/health')).status).toBe(200);
  expect(service.logged()).not.toContain('defect');
}

/** Anything for each field of a start, so that a few are right and none are all right: the spawn id is too short. */
const almostStart = fc.record(
  {
    spawn_id: fc.oneof(fc.jsonValue(), fc.string({ maxLength: 7 })),
    profile: fc.oneof(fc.jsonValue(), fc.constant('web')),
    user_options: fc.oneof(fc.jsonValue(), fc.dictionary(fc.string(), fc.jsonValue())),
    env: fc.oneof(fc.jsonValue(), fc.dictionary(fc.string(), fc.string())),
    command: fc.jsonValue(),
    args: fc.jsonValue(),
    route_prefix: fc.oneof(fc.jsonValue(), fc.webPath()),
    __proto__: fc.jsonValue(),
  },
  { requiredKeys: [] },
);

test('whatever is in a body, the answer is a refusal with a code', async ({ service }) => {
  const body = fc.oneof(
    almostStart.map((value) => Buffer.from(JSON.stringify(value))),
    fc.json().map((text) => Buffer.from(text)),
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    fc.constant(Buffer.from('['.repeat(50_000))),
    fc.constant(Buffer.from(`{"spawn_id": "${'x'.repeat(3_000_000)}"}`)),
  );
  const name = fc.oneof(
    fc.string({ minLength: 1, maxLength: 300 }),
    fc.constantFrom('..', '%', '__proto__', 'a/b'),
  );
  const headers = fc.constantFrom(
    {},
    { 'content-type': 'text/plain' },
    { 'content-type': 'application/json; charset=utf-99' },
    { 'content-encoding': 'gzip' },
    { 'content-encoding': 'nonsense' },
  );
  await fc.assert(
    fc.asyncProperty(name, body, headers, async (user, bytes, more) => {
      const response = await fetch(`${service.url}/api/users/${encodeURIComponent(user)}/server`, {
        method: 'POST',
        headers: { authorization: `token ${hubToken}`, ...more },
        body: bytes,
      });
      const answer = (await response.json()) as { code?: string };
      expect(response.status, JSON.stringify(answer)).toBeGreaterThanOrEqual(400);
      expect(response.status, JSON.stringify(answer)).toBeLessThan(500);
      expect(answer.code).toMatch(/^[A-Z_]+$/);
    }),
    { numRuns: 400 },
  );
  await expectAlive(service);
}, 60_000);

test('whatever is sent in place of HTTP, the service goes on', async ({ service }) => {
  const line = fc.constantFrom(
    'GET /api/servers HTTP/1.1',
    'POST /api/users/a/server HTTP/1.1',
    'host: x',
    `authorization: token ${hubToken}`,
    'content-length: 5',
    'content-length: -1',
    'transfer-encoding: chunked',
    'upgrade: websocket',
    'expect: 100-continue',
    'ffffffffffffffff',
    '',
    '{}',
  );
  const text = fc.array(fc.oneof(line, fc.string()), { maxLength: 12 }).map((lines) => lines.join('\r\n'));
  const bytes = fc.oneof(
    text.map((value) => Buffer.from(value)),
    fc.uint8Array({ maxLength: 500 }),
  );
  const { port } = new URL(service.url);
  await fc.assert(
    fc.asyncProperty(bytes, async (sent) => {
      const socket = connect(Number(port), '127.0.0.1');
      let answer = '';
      socket.on('data', (chunk) => (answer += chunk)).on('error', () => {});
      socket.end(Buffer.from(sent));
      await once(socket, 'close');
      expect(answer).not.toMatch(/^HTTP\/1\.1 5/m);
    }),
    { numRuns: 300 },
  );
  await expectAlive(service);
}, 60_000);

test('clients that repeat, reorder and abandon their requests leave nothing', async ({ service }) => {
  const abandoned = async (method: string, path: string, body: object | undefined, after: number) => {
    const given = fetch(`${service.url}/api${path}`, {
      method,
      headers: { authorization: `token ${hubToken}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(after),
    });
    await given.then((response) => response.text()).catch(() => {}); // given up
  };
  const user = fc.constantFrom('ann', 'bea', 'cat');
  const incarnation = fc.integer({ min: 0, max: 3 });
  const patience = fc.constantFrom(1, 5, 20, 100, 10_000);
  const kind = fc.constantFrom('start', 'start', 'stop', 'progress', 'log', 'show');
  const step = fc.tuple(kind, user, incarnation, patience, fc.integer({ min: 0, max: 15 }));
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
      const round = run++;
      const asked: Promise<void>[] = [];
      for (const [what, name, number, after, before] of steps) {
        const spawn_id = `abuse-${round}-${name}-${number}`;
        const path = serverPath(name);
        const body = { spawn_id, profile: 'web' };
        if (what === 'start') asked.push(abandoned('POST', path, body, after));
        else if (what === 'stop')
          asked.push(abandoned('DELETE', `${path}?spawn_id=${spawn_id}&now=true`, undefined, after));
        else {
          const address = what === 'show' ? path : `${path}/${what}?spawn_id=${spawn_id}`;
          asked.push(abandoned('GET', address, undefined, Math.min(after, 200)));
        }
        await pause(before);
      }
      await Promise.all(asked);
      for (const name of ['ann', 'bea', 'cat']) {
        // a stop of an incarnation that never was, or has ended, is a success; and none of them can begin any more
        for (let number = 0; number <= 3; number += 1) {
          const spawn_id = `abuse-${round}-${name}-${number}`;
          const stopped = await service.call('DELETE', `${serverPath(name)}?spawn_id=${spawn_id}&now=true`);
          expect(stopped.status).toBe(204);
        }
        expect((await service.call('GET', serverPath(name))).status).toBe(404);
      }
    }),
    { numRuns: 15 },
  );
  for (const directory of ['records', 'sandboxes', 'logs']) {
    await expect.poll(() => readdirSync(join(service.stateDirectory, directory))).toEqual([]);
  }
  const others = () => processesBelow(service.directory).filter((pid) => pid !== service.pid());
  await expect.poll(others, { timeout: 10_000 }).toEqual([]);
  await expectAlive(service);
}, 120_000);
