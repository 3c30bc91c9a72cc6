// What the service learns of servers that run, and which it stops: real service, real Jupyter servers, and servers
// that are something else behind a real proxy. How often it looks is not the same as how long it waits.
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { ServerView } from '../../../../spawner/http/view.ts';
import { browse, jupyterRequest } from '../../../support/hub/jupyter.ts';

import { runCommand, serverPath, type TestService } from '../../../support/service.ts';
import { proxyTest, routesTo, startedService } from '../../../support/service-test.ts';

/** A web server; what it does when it is asked what it is doing. */
const answering = (asked: string) =>
  JSON.stringify(`
import http.server, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if "api/status" in self.path: ${asked}
        self.send_response(200); self.end_headers()
http.server.ThreadingHTTPServer(("0.0.0.0", 8888), Handler).serve_forever()`);
const profiles = `
  - name: hour
    culling: {idle_timeout: 3600}
  - name: short
    culling: {idle_timeout: 15, warning: 5} # a kernel starts in less, also on a busy machine
  - name: web
    command: [/usr/bin/python3, -c, ${answering('pass')}]
    culling: {idle_timeout: 6, warning: 0}
  - name: silent
    command: [/usr/bin/python3, -c, ${answering('time.sleep(1000)')}]
    culling: {idle_timeout: 6, warning: 0}
  - name: brief
    command: [/usr/bin/python3, -m, http.server, "8888"]
    culling: {max_age: 8, warning: 0}
`;
const patience = { timeout: 30_000, interval: 50 };

const test = proxyTest()
  .extend('offset', { scope: 'file' }, '0')
  .extend('clock', { scope: 'file' }, ({ offset }, { onCleanup }) => {
    const directory = mkdtempSync(join(tmpdir(), 'pws-activity-'));
    onCleanup(() => rmSync(directory, { recursive: true }));
    const clock = join(directory, 'clock');
    writeFileSync(clock, offset);
    return clock;
  })
  .extend('service', { scope: 'file' }, ({ clock, proxy }, { onCleanup }) => {
    const fixture = new URL('../../../fixtures/wall-clock.mjs', import.meta.url).href;
    return startedService(onCleanup, profiles, routesTo(proxy), {
      service: 'activity_interval: 1',
      environment: { NODE_OPTIONS: `--import ${fixture}`, WALL_CLOCK_OFFSET: clock },
    });
  });

let serial = 0;
const newId = () => `activity-${serial++}`;
const view = async (service: TestService, user: string) =>
  (await service.call('GET', serverPath(user))).body as unknown as ServerView;
const stateOf = async (service: TestService, user: string) => (await view(service, user)).state;
const activityOf = async (service: TestService, user: string) => (await view(service, user)).activity;
const startJupyter = async (service: TestService, user: string, profile: string) => {
  const events = await service.start(user, jupyterRequest(newId(), `/user/${user}/`, profile));
  return browse(`${events.at(-1)?.url}/user/${user}/`);
};
const startOther = (service: TestService, user: string, profile: string) =>
  service.start(user, { spawn_id: newId(), profile, route_prefix: `/user/${user}/` });
/** As many looks at every other server as fit into the life of one with a maximum age. */
const someLooks = async (service: TestService, user: string) => {
  await startOther(service, user, 'brief');
  await expect.poll(() => stateOf(service, user), patience).toBe('exited');
};

test("a Jupyter server's kernels, terminals, connections and last activity are shown", async ({
  service,
}) => {
  const browser = await startJupyter(service, 'ann', 'hour');
  const nothing = { kernels: 0, busy: 0, terminals: 0, connections: 0 };
  await expect.poll(() => activityOf(service, 'ann'), patience).toEqual(nothing);
  const kernel = await browser.startKernel();
  await browser.startTerminal();
  const connection = await browser.connect(kernel);
  await connection.begin('import time; time.sleep(1000)');
  const all = { kernels: 1, busy: 1, terminals: 1, connections: 1 };
  await expect.poll(() => activityOf(service, 'ann'), patience).toEqual(all);
  const { last_activity, started } = await view(service, 'ann');
  expect(Date.parse(last_activity ?? '')).toBeGreaterThan(Date.parse(started));
  const { body } = await service.call('GET', '/servers');
  expect(body).toMatchObject([{ user: 'ann', activity: all }]);
  expect((await runCommand(service, 'ls')).stdout).toMatch(
    / ann .* ago +busy: 1, kernels: 1, terminals: 1$/m,
  );
  await connection.close();
  await expect.poll(() => activityOf(service, 'ann'), patience).toMatchObject({ busy: 1, connections: 0 });
});

test('the token with which a server is asked is private, outlives a kill -9, and goes with the server', async ({
  service,
}) => {
  const tokens = join(service.stateDirectory, 'tokens');
  const [file = ''] = readdirSync(tokens);
  expect(statSync(join(tokens, file)).mode & 0o777).toBe(0o600);
  expect(statSync(service.stateDirectory).mode & 0o777).toBe(0o700);
  await service.restart();
  await expect
    .poll(() => activityOf(service, 'ann'), patience)
    .toMatchObject({ kernels: 1, busy: 1, terminals: 1 });
  await startJupyter(service, 'ida', 'hour');
  expect(readdirSync(tokens)).toHaveLength(2);
  await service.call('DELETE', serverPath('ida'));
  expect(readdirSync(tokens)).toEqual([file]);
});

test('an idle server is warned of, then stopped, and its hub is told why; a busy one is not', async ({
  service,
}) => {
  const busy = await startJupyter(service, 'cleo', 'short');
  const connection = await busy.connect(await busy.startKernel());
  await connection.begin('import time; time.sleep(1000)');
  await connection.close();
  await startJupyter(service, 'bea', 'short');
  await expect.poll(async () => (await view(service, 'bea')).cull_at, patience).not.toBeNull();
  expect((await view(service, 'bea')).cull_reason).toBe('stopped after 15 seconds without activity');
  await expect.poll(() => stateOf(service, 'bea'), patience).toBe('exited');
  expect(await view(service, 'bea')).toMatchObject({
    error: { code: 'IDLE_CULLED', message: 'stopped after 15 seconds without activity', server: 'bea' },
    ...{ port: null, cull_at: null, activity: null },
  });
  // idle for longer than that one, but for its kernel
  expect(await view(service, 'cleo')).toMatchObject({ state: 'ready', cull_at: null, activity: { busy: 1 } });
});

test('a server that is something else lives by the traffic that the proxy sees', async ({
  service,
  proxy,
}) => {
  await startOther(service, 'dan', 'web');
  await startOther(service, 'eve', 'web');
  const afterTraffic = async () => {
    await fetch(`${proxy.url}/user/dan/`);
    return stateOf(service, 'eve');
  };
  await expect.poll(afterTraffic, patience).toBe('exited');
  expect(await view(service, 'eve')).toMatchObject({ error: { code: 'IDLE_CULLED' } });
  const { last_activity, activity, state } = await view(service, 'dan');
  expect({ activity, state }).toEqual({ activity: null, state: 'ready' });
  expect(Date.parse(last_activity ?? '')).toBeGreaterThan(Date.parse((await view(service, 'eve')).started));
});

test('a maximum age ends a server; one that does not answer, or whose proxy is away, is not idle', async ({
  service,
  proxy,
}) => {
  await startOther(service, 'fay', 'silent');
  await fetch(`${proxy.url}/user/dan/`);
  await proxy.kill();
  await someLooks(service, 'gus'); // longer than the others may be idle
  expect(await view(service, 'gus')).toMatchObject({
    error: { code: 'MAX_AGE_REACHED', message: 'stopped at its maximum age of 8 seconds' },
  });
  expect([await stateOf(service, 'dan'), await stateOf(service, 'fay')]).toEqual(['ready', 'ready']);
  await proxy.start();
  await expect.poll(() => stateOf(service, 'dan'), patience).toBe('exited');
  expect(await stateOf(service, 'fay')).toBe('ready');
});

test('a clock that is set a day forward makes nobody idle, also not for the next service', async ({
  clock,
  service,
}) => {
  await startJupyter(service, 'ida', 'hour');
  await expect.poll(() => activityOf(service, 'ida'), patience).not.toBeNull();
  await startOther(service, 'hal', 'brief');
  writeFileSync(clock, '86400');
  await service.restart();
  await expect.poll(() => stateOf(service, 'hal'), patience).toBe('exited');
  expect(await view(service, 'ida')).toMatchObject({ state: 'ready', cull_at: null, activity: { busy: 0 } });
});
