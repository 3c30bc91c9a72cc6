// An administrator upgrades JupyterHub while servers run: the hub of Debian, then the one of PORTWRAP_TEST_PYTHON, on one
// database. Not here: upgrades of the plugin (../browser/versions.test.ts).
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { hubMajor, hubPython } from '../support/hub/hub-process.ts';
import { startTestHub, type TestHub } from '../support/hub/test-hub.ts';
import { skipIf } from '../support/reasons.ts';

const debian = '/usr/bin/python3';
const profile = `
  - name: default
    command: [python3, -m, http.server, '{guest-port}']
    ready_path: /
    stop_timeout: 1
`;
/** It was allowed; JupyterHub 6 makes no new ones like it. */
const oldName = 'Old name.1';
let hub: TestHub;

beforeAll(async () => {
  hub = await startTestHub(profile, '', { python: debian });
}, 300_000);
afterAll(() => hub?.dispose(), 60_000);

async function server(name: string): Promise<Record<string, unknown> | undefined> {
  const { servers = {} } = (await hub.api('GET', '/users/alice')).body as {
    servers?: Record<string, Record<string, unknown>>;
  };
  return servers[name]?.ready === true ? servers[name] : undefined;
}

const pathOf = (name: string) =>
  name === '' ? '/users/alice/server' : `/users/alice/servers/${encodeURIComponent(name)}`;

test('servers run on through an upgrade of JupyterHub, and the next hub finds, shows and stops them', {
  ...skipIf(hubPython === debian, 'needs PORTWRAP_TEST_PYTHON'),
  timeout: 400_000,
}, async () => {
  const names = ['', oldName];
  for (const name of names) {
    await hub.api('POST', pathOf(name));
    await vi.waitUntil(() => server(name), { timeout: 60_000 });
  }
  const pids = () =>
    Promise.all(names.map(async (name) => (await hub.service.call('GET', pathOf(name))).body.pid));
  const before = await pids();
  await hub.upgrade(hubPython);
  expect(Number((await hub.api('GET', '/')).body.version?.toString().split('.')[0])).toBe(hubMajor);
  for (const name of names) await vi.waitUntil(() => server(name), { timeout: 60_000 });
  expect(await pids()).toEqual(before);
  expect((await fetch(`${hub.url}/user/alice/`)).status).toBe(404); // the server of python3 has no such file
  for (const name of names) {
    expect([202, 204]).toContain((await hub.api('DELETE', pathOf(name))).status);
    await vi.waitUntil(async () => (await hub.service.call('GET', pathOf(name))).status === 404, {
      timeout: 30_000,
    });
  }
});
