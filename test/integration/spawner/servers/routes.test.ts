// The proxy sends nobody to a port that is not, or no longer, the port of one of our servers: neither while another
// program has the port of a forwarder that died, nor after a server has ended while no service ran.
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import type { TestProxy } from '../../../support/proxy.ts';
import { serverPath, type TestService } from '../../../support/service.ts';
import { routedServiceTest } from '../../../support/service-test.ts';

const test = routedServiceTest(
  `
  - name: web
    command: [/usr/bin/python3, -u, -m, http.server, "{guest-port}"]
`,
  'ports: {range: "24000-24099"}',
);

const patient = { timeout: 20_000 };

test('while another program has the port of a dead forwarder the proxy sends it no request; then the route is back, as the hub wrote it', async ({
  service,
  proxy,
}) => {
  const { target, forwarder, port } = await started(service, 'ann', 'routes-ann-1');
  await proxy.post('/user/ann', { target, jupyterhub: true, user: 'ann' });
  // the proxy keeps a connection
  expect(await ask(proxy, 'ann')).toMatch(/SimpleHTTP/);
  process.kill(forwarder, 'SIGKILL');
  const stranger = await takePort(port);
  await expect.poll(async () => (await proxy.routes())['/user/ann'], { interval: 5 }).toBeUndefined();
  const before = stranger.requests();
  const retries = () => service.logged().split('"forwarder":"retrying"').length - 1;
  while (retries() < 2) expect(await ask(proxy, 'ann')).not.toBe('stranger');
  expect(stranger.requests()).toBe(before);
  stranger.close();
  await expect
    .poll(async () => (await proxy.routes())['/user/ann'], patient)
    .toMatchObject({
      ...{ target, jupyterhub: true, user: 'ann' },
    });
  expect(await ask(proxy, 'ann')).toMatch(/SimpleHTTP/);
});

test('a forwarder that died while the service was away: its route is gone before another one is tried', async ({
  service,
  proxy,
}) => {
  const { target, forwarder, port } = await started(service, 'ben', 'routes-ben-1');
  let stranger: Stranger | undefined;
  await service.restart('SIGKILL', async () => {
    process.kill(forwarder, 'SIGKILL');
    stranger = await takePort(port);
  });
  await expect.poll(async () => (await proxy.routes())['/user/ben'], { interval: 5 }).toBeUndefined();
  const before = stranger?.requests();
  await expect.poll(() => service.logged().match(/"server":"ben".*"forwarder":"retrying"/)).not.toBeNull();
  expect(await ask(proxy, 'ben')).not.toBe('stranger');
  expect(stranger?.requests()).toBe(before);
  stranger?.close();
  await expect.poll(async () => (await proxy.routes())['/user/ben']?.target, patient).toBe(target);
});

test('a service that starts removes routes to host ports that no server has, and no others', async ({
  service,
  proxy,
}) => {
  const { target } = await started(service, 'cat', 'routes-cat-1');
  const dead = await started(service, 'dan', 'routes-dan-1');
  // ports of the range are taken in random order
  const unknown = [24096, 24097, 24098]
    .map((port) => `http://127.0.0.1:${port}`)
    .find((url) => ![target, dead.target].includes(url));
  await service.restart('SIGKILL', async () => {
    process.kill(dead.record.sandbox.child.pid, 'SIGKILL');
    const hubs = { jupyterhub: true, user: 'dan' };
    await proxy.post('/user/dan', { target: dead.target, ...hubs });
    await proxy.post('/user/unknown@b', { target: unknown, ...hubs });
    await proxy.post('/user/elsewhere', { target: 'http://127.0.0.1:23000', ...hubs });
    await proxy.post('/services/own', { target: 'http://127.0.0.1:24099', jupyterhub: true });
  });
  const stale = ['/user/dan', '/user/unknown@b'];
  await expect
    .poll(async () => Object.keys(await proxy.routes()).filter((path) => stale.includes(path)), patient)
    .toEqual([]);
  expect(await proxy.routes()).toMatchObject({
    '/user/cat': { target },
    '/user/elsewhere': {},
    '/services/own': {},
  });
});

interface KeptRecord {
  readonly spawn_id: string;
  readonly sandbox: {
    readonly forwarder: { readonly pid: number };
    readonly child: { readonly pid: number };
    readonly hostPort: number;
  };
}

async function started(service: TestService, user: string, spawn_id: string) {
  await service.start(user, { spawn_id, profile: 'web', route_prefix: `/user/${user}/` });
  onTestFinished(async () => void (await service.call('DELETE', serverPath(user))));
  const directory = join(service.stateDirectory, 'records');
  const records = readdirSync(directory).map(
    (name) => JSON.parse(readFileSync(join(directory, name), 'utf8')) as KeptRecord,
  );
  const record = records.find((kept) => kept.spawn_id === spawn_id);
  if (record === undefined) throw new Error(`no record of ${spawn_id}`);
  const { hostPort: port, forwarder } = record.sandbox;
  return { record, port, forwarder: forwarder.pid, target: `http://127.0.0.1:${port}` };
}

/** What answers there: the Server header field, or the status. */
async function ask(proxy: TestProxy, user: string): Promise<string> {
  const response = await fetch(`${proxy.url}/user/${user}/`, { headers: { cookie: 'session=secret' } });
  await response.text();
  return response.headers.get('server') ?? `${response.status}`;
}

interface Stranger {
  /** How many it has got. */
  requests(): number;
  close(): void;
}

/** Another program that takes the port as soon as it is free. */
async function takePort(port: number): Promise<Stranger> {
  let requests = 0;
  const server = createServer((_req, res) => {
    requests += 1;
    res.setHeader('server', 'stranger').end();
  });
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  onTestFinished(close);
  await new Promise<void>((resolve, reject) => {
    server.once('listening', resolve);
    server.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') setImmediate(() => server.listen(port, '127.0.0.1'));
      else reject(error);
    });
    server.listen(port, '127.0.0.1');
  });
  return { requests: () => requests, close };
}
