// What the service learns of servers that run, and which it stops: real service, real Jupyter servers, and servers
// that are something else behind a real proxy.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ServerView } from '../../../spawner/http/view.ts';
import { browse, jupyterRequest } from '../../support/jupyter.ts';
import { processesBelow, serverPath, startService, type TestService } from '../../support/service.ts';

const profiles = `
  - name: watched
    ready_timeout: 60
  - name: short
    ready_timeout: 60
    culling: {idle_timeout: 4, warning: 2}
`;
const long = { timeout: 25_000, interval: 100 };

let service: TestService;
beforeAll(async () => {
  service = await startService(profiles, '', { service: 'activity_interval: 1' });
});
afterAll(async () => {
  await service.dispose();
  expect(processesBelow(service.directory)).toEqual([]);
});

let serial = 0;
const newId = () => `activity-${serial++}`;
const view = async (user: string) =>
  (await service.call('GET', serverPath(user))).body as unknown as ServerView;
const startJupyter = async (user: string, profile: string) => {
  const events = await service.start(user, jupyterRequest(newId(), `/user/${user}/`, profile));
  return browse(`${events.at(-1)?.url}/user/${user}/`);
};

test("a Jupyter server's kernels, terminals, connections and last activity are shown", async () => {
  const browser = await startJupyter('ann', 'watched');
  await expect
    .poll(async () => (await view('ann')).activity, long)
    .toEqual({ kernels: 0, busy: 0, terminals: 0, connections: 0 });
  const kernel = await browser.startKernel();
  await browser.startTerminal();
  const connection = await browser.connect(kernel);
  await connection.begin('import time; time.sleep(1000)');
  await expect
    .poll(async () => (await view('ann')).activity, long)
    .toEqual({ kernels: 1, busy: 1, terminals: 1, connections: 1 });
  const { last_activity } = await view('ann');
  expect(Date.parse(last_activity ?? '')).toBeGreaterThan(Date.parse((await view('ann')).started));
  await connection.close();
  await expect.poll(async () => (await view('ann')).activity?.connections, long).toBe(0);
});

test('an idle server is warned of, then stopped, and its hub is told why', async () => {
  await startJupyter('bea', 'short');
  await expect.poll(async () => (await view('bea')).cull_at, long).not.toBeNull();
  expect((await view('bea')).cull_reason).toBe('stopped after 4 seconds without activity');
  await expect.poll(async () => (await view('bea')).state, long).toBe('exited');
  expect(await view('bea')).toMatchObject({
    error: { code: 'IDLE_CULLED', message: 'stopped after 4 seconds without activity', server: 'bea' },
    ...{ port: null, cull_at: null, activity: null },
  });
});
