// Our routes in a real proxy: ours and configurable-http-proxy, through the same suite.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { createLogger } from '../../../../config/logger.ts';
import { createRoutes, type Routes } from '../../../../spawner/routes/routes.ts';
import { proxyPrograms, startProxy, type TestProxy } from '../../../support/proxy.ts';

const target = 'http://127.0.0.1:20001';

describe.each(Object.entries(proxyPrograms))('with %s', (_name, program) => {
  let proxy: TestProxy;
  let routes: Routes;

  beforeEach(async () => {
    proxy = await startProxy(program);
    const { apiUrl, token } = proxy;
    routes = createRoutes({
      proxy: { api_url: apiUrl, token },
      mark: 'this-service',
      log: createLogger('silent', 'test'),
      interval: 50,
    });
  });
  afterEach(async () => {
    routes.close();
    await proxy.kill();
  });

  test('a route that is added leads to the target, and is gone when removed', async () => {
    await routes.add('/user/ann/', target);
    expect((await proxy.routes())['/user/ann']).toMatchObject({ target });
    await routes.remove('/user/ann/', target);
    expect(await proxy.routes()).not.toHaveProperty('/user/ann');
  });

  test('an entry of the hub that already points there keeps what the hub wrote', async () => {
    await proxy.post('/user/ann', { target, jupyterhub: true, user: 'ann' });
    await routes.add('/user/ann/', target);
    expect((await proxy.routes())['/user/ann']).toMatchObject({ target, jupyterhub: true, user: 'ann' });
  });

  test("an entry that points to somebody else's server is not removed", async () => {
    routes.close(); // or its next comparison would take the entry back meanwhile
    await routes.add('/user/ann/', target);
    await proxy.post('/user/ann', { target: 'http://127.0.0.1:20002' });
    await routes.remove('/user/ann/', target);
    expect((await proxy.routes())['/user/ann']).toMatchObject({ target: 'http://127.0.0.1:20002' });
  });

  test('a route that is suspended is gone, also when the hub writes it again, and comes back with what the hub wrote', async () => {
    await proxy.post('/user/ann', { target, jupyterhub: true, user: 'ann' });
    await routes.add('/user/ann/', target);
    await routes.suspend('/user/ann/', target);
    expect(await proxy.routes()).not.toHaveProperty('/user/ann');
    await proxy.post('/user/ann', { target, jupyterhub: true, user: 'ann' });
    await expect.poll(async () => Object.keys(await proxy.routes())).not.toContain('/user/ann');
    await routes.add('/user/ann/', target);
    expect((await proxy.routes())['/user/ann']).toMatchObject({ target, jupyterhub: true, user: 'ann' });
  });

  test('of the routes without a server those are dropped that this service made', async () => {
    await routes.add('/user/a%40b%20c/', target);
    await proxy.post('/user/other', { target, portwrap_spawner: 'another-service' });
    await proxy.post('/by-hand', { target });
    await routes.remove('/user/nobody/', target);
    const left = createRoutes({
      proxy: { api_url: proxy.apiUrl, token: proxy.token },
      mark: 'this-service',
      log: createLogger('silent', 'test'),
    });
    routes.close(); // as when its service ends
    await left.dropStale({ isOurs: () => false, isHostPort: () => false });
    left.close();
    expect(Object.keys(await proxy.routes()).sort()).toEqual(['/', '/by-hand', '/user/other']);
  });

  test('a proxy that was restarted gets its routes back', async () => {
    await routes.add('/user/ann/', target);
    await proxy.kill();
    await proxy.start();
    await expect.poll(async () => (await proxy.routes())['/user/ann']?.target).toBe(target);
  });

  test('a proxy that is away fails nothing, and gets the route when it is back', async () => {
    await proxy.kill();
    await routes.add('/user/ann/', target);
    await proxy.start();
    await expect.poll(async () => (await proxy.routes())['/user/ann']?.target).toBe(target);
  });

  test('an escaped prefix is the route of that user and of nobody else', async () => {
    await routes.add('/user/a%40b%20c/', target);
    expect(Object.keys(await proxy.routes())).toContain('/user/a@b c');
    await routes.remove('/user/a%40b%20c/', target);
    expect(Object.keys(await proxy.routes())).toEqual(['/']);
  });
});

test('a removal that the proxy did not take is repeated: a proxy that kept the route in a file loses it', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'portwrap-routes-'));
  const argv = ['--storage-file', join(directory, 'routes.json')];
  const proxy = await startProxy(proxyPrograms['portwrap-proxy'], argv);
  const { apiUrl, token } = proxy;
  const routes = createRoutes({
    proxy: { api_url: apiUrl, token },
    mark: 'this-service',
    log: createLogger('silent', 'test'),
    interval: 50,
  });
  onTestFinished(async () => {
    routes.close();
    await proxy.kill();
    rmSync(directory, { recursive: true });
  });
  await routes.add('/user/ann/', target);
  await proxy.kill();
  await routes.remove('/user/ann/', target);
  await proxy.start();
  await expect.poll(async () => Object.keys(await proxy.routes())).toEqual(['/']);
});
