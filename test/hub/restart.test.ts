// A real hub with our proxy, killed and started again: it finds the proxy, the proxy's routes and the servers; a
// start that it lost is taken over. What users and administrators are told when the service cannot help.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { atGate } from '../support/gate.ts';
import { hubMajor } from '../support/hub/hub-process.ts';
import { startTestHub, type TestHub } from '../support/hub/test-hub.ts';

const profiles = `
  - name: default
    command: [python3, -m, http.server, '{guest-port}']
    ready_path: /
    stop_timeout: 1
  - name: gated
    command: [sh, -c, mkfifo gate && cat gate && exec python3 -m http.server 8888]
    ready_path: /
    stop_timeout: 1
`;
/** What the hub allows at most: JupyterHub 6 takes lower-case letters, digits and single hyphens only. */
const hostile = hubMajor < 6 ? 'a b%2F<i>ü..;$(id)' : 'a-1-b';

let hub: TestHub;

beforeAll(async () => {
  hub = await startTestHub(profiles);
}, 300_000);
afterAll(() => hub?.dispose(), 60_000);

const serverOf = (user: string, name = '') =>
  `/users/${user}/${name === '' ? 'server' : `servers/${encodeURIComponent(name)}`}`;

async function ready(user: string, name = ''): Promise<Record<string, unknown>> {
  return vi.waitUntil(
    async () => {
      const { servers = {} } = (await hub.api('GET', `/users/${user}`)).body as {
        servers?: Record<string, { ready: boolean }>;
      };
      return servers[name]?.ready === true ? servers[name] : undefined;
    },
    { timeout: 60_000, interval: 50 },
  );
}

async function start(user: string, name = '', options?: object): Promise<void> {
  const { status, body } = await hub.api('POST', serverOf(user, name), options);
  expect([201, 202], JSON.stringify(body)).toContain(status);
}

test.each(['SIGKILL', 'SIGTERM'] as const)(
  'a hub that ended by %s finds its servers again, of hostile names too, and if killed its proxy',
  { timeout: 180_000 },
  async (signal) => {
    await start('alice');
    await start('alice', hostile);
    await ready('alice');
    await ready('alice', hostile);
    const inService = async (name: string) => (await hub.service.call('GET', serverOf('alice', name))).body;
    const before = [await inService(''), await inService(hostile)];
    const proxy = hub.proxyPid();
    await hub.restart(signal);
    await ready('alice');
    await ready('alice', hostile);
    const after = [await inService(''), await inService(hostile)];
    expect(after.map(({ pid, port }) => [pid, port])).toEqual(before.map(({ pid, port }) => [pid, port]));
    if (signal === 'SIGKILL') expect(hub.proxyPid()).toBe(proxy);
    const answer = await fetch(`${hub.url}/user/alice/${encodeURIComponent(hostile)}/`);
    expect(answer.status, 'python3 -m http.server has no such file').toBe(404);
    for (const name of ['', hostile]) {
      expect([202, 204]).toContain((await hub.api('DELETE', serverOf('alice', name))).status);
      await vi.waitUntil(async () => (await inService(name)).code === 'SERVER_UNKNOWN', { timeout: 30_000 });
    }
  },
);

test('a start that a killed hub has forgotten gives way to the next one', { timeout: 120_000 }, async () => {
  await start('bob', '', { profile: 'gated' });
  const spawnId = await vi.waitUntil(
    async () => (await hub.service.call('GET', serverOf('bob'))).body.spawn_id,
    { timeout: 30_000 },
  );
  await hub.restart('SIGKILL');
  await start('bob', '', { profile: 'default' });
  await ready('bob');
  const { body } = await hub.service.call('GET', serverOf('bob'));
  expect(body).toMatchObject({ profile: 'default', state: 'ready' });
  expect(body.spawn_id).not.toBe(spawnId);
});

test('a service that is killed during a start is not noticed', async () => {
  await start('carol', '', { profile: 'gated' });
  const gate = await atGate(hub.service, 'carol');
  await hub.service.restart();
  gate.open();
  await ready('carol');
}, 120_000);

test('a wrong token: the user learns whose matter it is, and nothing about the token', async () => {
  const config = join(hub.service.directory, 'hub', 'jupyterhub_config.py');
  const right = readFileSync(config, 'utf8');
  writeFileSync(config, `${right}\nc.PortwrapSpawner.service_token = "not-the-token-0123456789"\n`);
  await hub.restart('SIGKILL');
  const { status, body } = await hub.api('POST', serverOf('bob', 'second'));
  expect(status).toBe(500);
  expect(body.message).toContain("The spawner service does not accept this hub's token");
  expect(hub.logged()).not.toContain('not-the-token');
  writeFileSync(config, right);
  await hub.restart('SIGKILL');
  await start('bob', 'second', { profile: 'default' });
  await ready('bob', 'second');
}, 120_000);
