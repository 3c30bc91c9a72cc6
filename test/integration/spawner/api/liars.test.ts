// Servers that lie at readiness, and a wall clock that jumps: the service waits as long as it says, and no longer.
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { freeRange } from '../../../support/machine/free-ports.ts';
import { serverPath, type TestService } from '../../../support/service.ts';
import { serviceTest } from '../../../support/service-test.ts';

const fixture = (name: string) => new URL(`../../../fixtures/${name}`, import.meta.url).pathname;
const server = JSON.stringify(readFileSync(fixture('lying-server.py'), 'utf8'));
const range = await freeRange(32);

const test = serviceTest(
  `
  - name: liar
    ready_timeout: 3
    command: [/usr/bin/python3, -u, -c, ${server}, "{guest-port}"]
  - name: patient
    ready_timeout: 60
    command: [/usr/bin/python3, -u, -c, ${server}, "{guest-port}"]
`,
  `ports: {range: ${range.low}-${range.high}}`,
  { environment: { NODE_OPTIONS: `--import=${fixture('jumping-clock.mjs')}` } },
);

const start = (service: TestService, how: string, profile = 'liar') =>
  service.start(`u-${how}`, { spawn_id: `liar-${how}`, profile, args: [how] });

test.concurrent.for(['garbage', 'error', 'endless-headers', 'slow', 'silent', 'closes'])(
  'a server that answers with "%s" is not ready, and is ended in time',
  async (how, { service }) => {
    const began = performance.now();
    const last = (await start(service, how)).at(-1);
    expect(last).toMatchObject({ failed: true, error: { code: 'SERVER_NOT_READY' } });
    expect(performance.now() - began).toBeGreaterThan(2_900);
    const { body } = await service.call('GET', serverPath(`u-${how}`));
    expect(body).toMatchObject({ state: 'exited', pid: null, port: null });
  },
);

test.concurrent.for(['redirect', 'endless-page', 'later'])(
  'a server that answers with "%s" is ready once it has answered',
  async (how, { service }) => {
    expect((await start(service, how, 'patient')).at(-1)).toMatchObject({ ready: true });
    expect((await service.call('DELETE', `${serverPath(`u-${how}`)}?now=true`)).status).toBe(204);
  },
);

test('a port that was released rests, although the clock has jumped by years', async ({ service }) => {
  const used: unknown[] = [];
  for (let round = 0; round < 8; round += 1) {
    const ready = await service.start('resting', {
      spawn_id: `rest-${round}-x`,
      profile: 'patient',
      args: ['redirect'],
    });
    expect(ready.at(-1)).toMatchObject({ ready: true });
    used.push((await service.call('GET', serverPath('resting'))).body.port);
    expect((await service.call('DELETE', `${serverPath('resting')}?now=true`)).status).toBe(204);
  }
  expect(new Set(used).size).toBe(used.length);
});

test('the service has lived through all of it without a defect', async ({ service }) => {
  expect((await service.call('GET', '/health')).status).toBe(200);
  expect(service.logged()).not.toContain('defect');
});
