// A hub at a unix socket, with the API of its proxy at another one, by the lines of docs/jupyterhub.md.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { hubMajor } from '../support/hub/hub-process.ts';
import { type HubUser, logIn } from '../support/hub/hub-user.ts';
import { startTestHub, type TestHub } from '../support/hub/test-hub.ts';
import { skipIf } from '../support/reasons.ts';

describe('a hub at unix sockets', skipIf(hubMajor < 6, 'needs JupyterHub 6: PORTWRAP_TEST_PYTHON'), () => {
  let hub: TestHub;
  let alice: HubUser;

  beforeAll(async () => {
    hub = await startTestHub('  - {name: default, stop_timeout: 5, ready_timeout: 120}\n', '', {
      atSockets: true,
    });
    alice = await logIn(hub.url, 'alice', hub.password);
  }, 300_000);
  afterAll(() => hub?.dispose(), 60_000);

  test("a user's server starts, and reaches the hub through the proxy", async () => {
    await alice.startServer();
    const kernel = await alice.openKernel();
    const ask =
      'import os, urllib.request; print(urllib.request.urlopen(os.environ["JUPYTERHUB_API_URL"]).status)';
    expect(await kernel.run(ask)).toBe('200\n');
    await kernel.close();
  }, 240_000);

  test('a hub that was killed finds its proxy at its socket, and the server', async () => {
    const proxy = hub.proxyPid();
    await hub.restart('SIGKILL');
    await vi.waitUntil(async () => (await alice.server())?.ready, { timeout: 60_000 });
    expect(hub.proxyPid()).toBe(proxy);
    expect((await alice.fetch('/user/alice/api/status')).status).toBe(200);
  }, 240_000);
});
