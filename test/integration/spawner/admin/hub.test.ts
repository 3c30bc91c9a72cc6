// The service beside a real JupyterHub: what it learns with the tokens that the hub gives to servers, and which
// servers it stops because the hub does not know them.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withNotebook } from '../../../support/hub/hub-process.ts';
import { startTestHub, type TestHub } from '../../../support/hub/test-hub.ts';
import { processesBelow, serverPath } from '../../../support/service.ts';

const reaperToken = 'test-reaper-token-0123456789';
const hubConfig = `
c.JupyterHub.services.append({"name": "reaper", "api_token": "${reaperToken}"})
c.JupyterHub.load_roles.append(
    {"name": "reaper", "services": ["reaper"], "scopes": ["list:users", "read:servers"]}
)
${withNotebook}
`;
const patience = { timeout: 50_000, interval: 100 };
const web = { command: ['/usr/bin/python3', '-m', 'http.server', '8888'] };

let secrets: string;
let hub: TestHub;
beforeAll(async () => {
  secrets = mkdtempSync(join(tmpdir(), 'pws-reaper-'));
  const file = join(secrets, 'token');
  writeFileSync(file, reaperToken, { mode: 0o600 });
  hub = await startTestHub('  - name: default\n', hubConfig, {
    service: 'activity_interval: 1',
    hub: `reaper: {token_file: ${file}, interval: 1}`,
  });
});
afterAll(async () => {
  await hub.dispose();
  rmSync(secrets, { recursive: true, force: true });
  expect(processesBelow(hub.service.directory)).toEqual([]);
});

const stateOf = async (user: string, name = '') =>
  (await hub.service.call('GET', serverPath(user, name))).body.state ?? 'not known';

test('a server of JupyterHub tells what it does, with the token that the hub gave it', async () => {
  await hub.api('POST', '/users/alice');
  await hub.api('POST', '/users/alice/server', {});
  await expect.poll(() => stateOf('alice'), patience).toBe('ready');
  const activity = async () => (await hub.service.call('GET', serverPath('alice'))).body.activity;
  await expect.poll(activity, patience).toEqual({ kernels: 0, busy: 0, terminals: 0, connections: 0 });
});

test('what the hub does not know is stopped and forgotten, and what it knows is not; one that is away knows all', async () => {
  await hub.restart('SIGTERM', async () => {
    // of a user that is not known, and of one that is
    await hub.service.start('ghost', { spawn_id: 'ghost-1234', ...web });
    await hub.service.start('alice', { spawn_id: 'ghost-5678', ...web }, 'lab');
    await expect
      .poll(hub.service.logged, patience)
      .toContain('could not get the list of servers from the hub');
    expect([await stateOf('ghost'), await stateOf('alice', 'lab')]).toEqual(['ready', 'ready']);
  });
  await expect.poll(() => stateOf('ghost'), patience).toBe('not known');
  await expect.poll(() => stateOf('alice', 'lab'), patience).toBe('not known');
  expect(await stateOf('alice')).toBe('ready');
  expect(hub.service.logged().match(/stopping orphaned server/g)).toHaveLength(2);
  expect((await hub.api('GET', '/users/alice')).body).toMatchObject({ servers: { '': { ready: true } } });
});
