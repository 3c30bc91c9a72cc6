// Our routes in a real proxy: ours and configurable-http-proxy, through the same suite.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createLogger } from '../../../config/logger.ts';
import { createRoutes, type Routes } from '../../../spawner/routes.ts';
import { freePorts } from '../../support/free-ports.ts';

const programs = {
  'portwrap-proxy': new URL('../../../dist/proxy/main.js', import.meta.url).pathname,
  'configurable-http-proxy': new URL(
    '../../../node_modules/configurable-http-proxy/bin/configurable-http-proxy',
    import.meta.url,
  ).pathname,
};
const token = 'test-proxy-token-0123456789';
const target = 'http://127.0.0.1:20001';

describe.each(Object.entries(programs))('with %s', (_name, program) => {
  let proxy: ChildProcess;
  let api: string;
  let ports: number[];
  let routes: Routes;

  const startProxy = async () => {
    const [port = 0, apiPort = 0] = ports;
    const argv = [
      '--ip',
      '127.0.0.1',
      '--port',
      `${port}`,
      '--api-ip',
      '127.0.0.1',
      '--api-port',
      `${apiPort}`,
    ];
    proxy = spawn(process.execPath, [program, ...argv, '--default-target', 'http://127.0.0.1:9'], {
      env: { PATH: process.env.PATH, CONFIGPROXY_AUTH_TOKEN: token },
    });
    let said = '';
    proxy.stdout?.on('data', (chunk) => (said += chunk));
    proxy.stderr?.on('data', (chunk) => (said += chunk));
    await expect.poll(() => said, { timeout: 10_000 }).toContain('Route added /');
    const answers = () => table().then(Object.keys, () => []); // it says so before it listens
    await expect.poll(answers, { timeout: 10_000 }).toContain('/');
  };
  const stopProxy = async () => {
    proxy.kill('SIGKILL');
    await once(proxy, 'exit');
  };
  const table = async () => {
    const response = await fetch(`${api}/api/routes`, { headers: { authorization: `token ${token}` } });
    return (await response.json()) as Record<string, Record<string, unknown>>;
  };
  const post = (path: string, body: object) =>
    fetch(`${api}/api/routes${path}`, {
      method: 'POST',
      headers: { authorization: `token ${token}` },
      body: JSON.stringify(body),
    });

  beforeEach(async () => {
    ports = await freePorts(2);
    api = `http://127.0.0.1:${ports[1]}`;
    await startProxy();
    routes = createRoutes({ api_url: api, token }, createLogger('silent', 'test'), 50);
  });
  afterEach(async () => {
    routes.close();
    await stopProxy();
  });

  test('a route that is added leads to the target, and is gone when removed', async () => {
    await routes.add('/user/ann/', target);
    expect((await table())['/user/ann']).toMatchObject({ target });
    await routes.remove('/user/ann/', target);
    expect(await table()).not.toHaveProperty('/user/ann');
  });

  test('an entry of the hub that already points there keeps what the hub wrote', async () => {
    await post('/user/ann', { target, jupyterhub: true, user: 'ann' });
    await routes.add('/user/ann/', target);
    expect((await table())['/user/ann']).toMatchObject({ target, jupyterhub: true, user: 'ann' });
  });

  test("an entry that points to somebody else's server is not removed", async () => {
    routes.close(); // or its next comparison would take the entry back meanwhile
    await routes.add('/user/ann/', target);
    await post('/user/ann', { target: 'http://127.0.0.1:20002' });
    await routes.remove('/user/ann/', target);
    expect((await table())['/user/ann']).toMatchObject({ target: 'http://127.0.0.1:20002' });
  });

  test('a proxy that was restarted gets its routes back', async () => {
    await routes.add('/user/ann/', target);
    await stopProxy();
    await startProxy();
    await expect.poll(async () => (await table())['/user/ann']?.target).toBe(target);
  });

  test('a proxy that is away fails nothing, and gets the route when it is back', async () => {
    await stopProxy();
    await routes.add('/user/ann/', target);
    await startProxy();
    await expect.poll(async () => (await table())['/user/ann']?.target).toBe(target);
  });

  test('an escaped prefix is the route of that user and of nobody else', async () => {
    await routes.add('/user/a%40b%20c/', target);
    expect(Object.keys(await table())).toContain('/user/a@b c');
    await routes.remove('/user/a%40b%20c/', target);
    expect(Object.keys(await table())).toEqual(['/']);
  });
});
