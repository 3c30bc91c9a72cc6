// The service beside a real JupyterHub: what it learns with the tokens that the hub gives to servers, and which
// servers it stops because the hub does not know them.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePorts } from '../../support/free-ports.ts';
import { startHub, type TestHub } from '../../support/hub.ts';
import { startProxy, type TestProxy } from '../../support/proxy.ts';
import { processesBelow, serverPath, startService, type TestService } from '../../support/service.ts';

const reaperToken = 'test-reaper-token-0123456789';
const patience = { timeout: 60_000, interval: 100 };
const web = { command: ['/usr/bin/python3', '-m', 'http.server', '8888'] };

let directory: string;
let proxy: TestProxy;
let service: TestService;
let hub: TestHub | undefined;
let begin: () => Promise<void>;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'pws-hub-'));
  const tokenFile = join(directory, 'reaper-token');
  writeFileSync(tokenFile, reaperToken, { mode: 0o600 });
  proxy = await startProxy();
  const [port = 0] = await freePorts(1);
  service = await startService(
    '  - name: default\n',
    `proxy: {api_url: "${proxy.apiUrl}", token_env: CONFIGPROXY_AUTH_TOKEN}`,
    {
      service: 'activity_interval: 1',
      hub: `api_url: "http://127.0.0.1:${port}/hub/api", reaper: {token_file: ${tokenFile}, interval: 1}`,
    },
  );
  begin = async () => {
    const input = { directory: join(directory, 'hub'), port, proxy, serviceUrl: service.url, reaperToken };
    hub = await startHub(input);
  };
});
afterAll(async () => {
  await hub?.stop();
  await service.dispose();
  await proxy.kill();
  rmSync(directory, { recursive: true, force: true });
  expect(processesBelow(service.directory)).toEqual([]);
});

const stateOf = async (user: string, name = '') =>
  (await service.call('GET', serverPath(user, name))).body.state ?? 'not known';

test('a hub that is away knows everything: nothing is stopped', async () => {
  await service.start('ghost', { spawn_id: 'ghost-1234', ...web });
  await expect.poll(service.logged, patience).toContain('the hub cannot be asked which servers it knows');
  expect(await stateOf('ghost')).toBe('ready');
});

test('a server of JupyterHub tells what it does, with the token that the hub gave it', async () => {
  await begin();
  expect((await hub?.call('POST', '/users/ann'))?.status).toBe(201);
  await hub?.call('POST', '/users/ann/server');
  await expect.poll(() => stateOf('ann'), patience).toBe('ready');
  const activity = async () => (await service.call('GET', serverPath('ann'))).body.activity;
  await expect.poll(activity, patience).toEqual({ kernels: 0, busy: 0, terminals: 0, connections: 0 });
});

test('a server that the hub does not know is stopped and forgotten; those that it knows are not touched', async () => {
  await expect.poll(() => stateOf('ghost'), patience).toBe('not known');
  // the user is known, and this server is not
  await service.start('ann', { spawn_id: 'ghost-5678', ...web }, 'lab');
  await expect.poll(() => stateOf('ann', 'lab'), patience).toBe('not known');
  expect(await stateOf('ann')).toBe('ready');
  expect(service.logged().match(/the hub still does not know this server/g)).toHaveLength(2);
  expect((await hub?.call('GET', '/users/ann'))?.body).toMatchObject({ servers: { '': { ready: true } } });
});

test('a hub that goes away again leaves its servers alone', async () => {
  const lost = () => service.logged().split('the hub cannot be asked').length;
  const before = lost();
  await hub?.stop();
  await expect.poll(lost, patience).toBeGreaterThan(before);
  expect(await stateOf('ann')).toBe('ready');
});
