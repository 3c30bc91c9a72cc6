// The stock configurable-http-proxy as the hub's proxy, and ours, with JupyterLab behind: 50 MB up and down, and
// restarts of hub, service and proxy under a running cell.
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type HubUser, type KernelSession, logIn } from '../support/hub/hub-user.ts';
import { startTestHub, type TestHub } from '../support/hub/test-hub.ts';

const stock = `
c.JupyterHub.proxy_class = "jupyterhub.proxy.ConfigurableHTTPProxy"
c.ConfigurableHTTPProxy.command = ["node", "${process.cwd()}/node_modules/configurable-http-proxy/bin/configurable-http-proxy"]
c.ConfigurableHTTPProxy.api_url = c.PortwrapProxy.api_url
c.ConfigurableHTTPProxy.auth_token = "test-proxy-token-0123456789"
`;
const profiles = '  - {name: default, stop_timeout: 5, ready_timeout: 120}\n';

describe.each([
  { proxy: 'configurable-http-proxy', config: stock, staysWithHub: false, pidFile: 'jupyterhub-proxy.pid' },
  { proxy: 'portwrap-proxy', config: '', staysWithHub: true, pidFile: 'portwrap-proxy.pid' },
])('$proxy', ({ config, pidFile, staysWithHub }) => {
  let hub: TestHub;
  let alice: HubUser;
  let kernel: KernelSession;
  const proxyPid = () => {
    const file = `${hub.service.directory}/hub/${pidFile}`;
    return existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
  };

  beforeAll(async () => {
    hub = await startTestHub(profiles, config);
    alice = await logIn(hub.url, 'alice', hub.password);
    await alice.startServer();
    kernel = await alice.openKernel();
  });
  afterAll(async () => {
    await kernel?.close();
    await hub?.dispose();
  });

  test('carries 50 MB up and down, to the last byte', async () => {
    const bytes = randomBytes(50 * 1024 * 1024);
    const file = { type: 'file', format: 'base64', content: bytes.toString('base64') };
    expect(await alice.put('/user/alice/api/contents/large.bin', JSON.stringify(file))).toBe(201);
    const answer = await alice.fetch('/user/alice/files/large.bin');
    expect(answer.status).toBe(200);
    expect(bytes.equals(Buffer.from(await answer.arrayBuffer()))).toBe(true);
  });

  test('a cell goes on while hub, service and proxy are killed and come back', async () => {
    const seen = async () => {
      const response = await alice.fetch('/user/alice/files/count.txt').catch(() => undefined);
      return response?.status === 200 ? Number(await response.text()) : 0;
    };
    const goesOn = async (what: string) => {
      const before = await vi.waitUntil(seen, { timeout: 120_000 });
      await expect.poll(seen, { message: what }).toBeGreaterThan(before);
    };
    void kernel
      .run(`
import os, time
count = 0
while not os.path.exists("enough"):
    count += 1
    with open("count.tmp", "w") as file:
        file.write(str(count))
    os.replace("count.tmp", "count.txt")
    time.sleep(0.2)
`)
      .catch(() => {}); // its connection ends with the proxy
    await goesOn('the start');
    const { pid } = (await hub.service.call('GET', '/users/alice/server')).body;
    const before = proxyPid();
    await hub.restart('SIGKILL');
    // the hub answers before it has looked for its proxy; a stock one it ends, and starts another
    const isSettled = () =>
      staysWithHub
        ? hub.logged().includes('Using the proxy that already runs')
        : ![0, before].includes(proxyPid());
    await vi.waitUntil(isSettled, { timeout: 120_000 });
    const proxy = proxyPid();
    expect(proxy === before).toBe(staysWithHub);
    await goesOn('after the hub');
    await hub.service.restart();
    await goesOn('after the service');
    process.kill(proxy, 'SIGKILL');
    await vi.waitUntil(() => ![0, proxy].includes(proxyPid()), { timeout: 120_000 });
    await goesOn('after the proxy');
    expect((await hub.service.call('GET', '/users/alice/server')).body.pid).toBe(pid);
  });
});
