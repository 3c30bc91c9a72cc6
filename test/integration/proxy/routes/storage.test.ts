import {
  existsSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { startedProxy } from '../support/started-proxy.ts';

let file = '';
beforeEach(() => {
  const dir = mkdtempSync(join(tmpdir(), 'portwrap-proxy-storage-'));
  file = join(dir, 'routes.json');
  return () => rmSync(dir, { recursive: true });
});

test('routes and their last activity are known again after a restart', async () => {
  let now = 1000;
  const first = await startedProxy(['--storage-file', file], {}, () => now);
  first.addRoute('/user/a', 'http://127.0.0.1:1', { user: 'a', jupyterhub: true });
  first.addRoute('/user/b', 'http://127.0.0.1:2');
  first.table.remove('/user/b');
  now = 5000;
  const route = first.table.get('/user/a');
  if (route !== undefined) first.table.touch(route);
  await first.close();
  now = 9000;
  const second = await startedProxy(['--storage-file', file], {}, () => now);
  expect(
    [...second.table.routes()].map(({ path, data, lastActivity }) => ({ path, data, lastActivity })),
  ).toEqual([
    {
      path: '/user/a',
      data: { target: 'http://127.0.0.1:1', user: 'a', jupyterhub: true },
      lastActivity: 5000,
    },
  ]);
});

const targets = {
  '/user/loopback': 'http://127.0.0.1:1',
  '/user/own': `http://${ownAddress()}:1`,
  '/user/mapped': 'http://[::ffff:127.0.0.1]:1',
  '/user/name': 'http://localhost:1',
  '/user/socket': 'http+unix://%2Frun%2Fa.sock',
  '/user/node': 'http://192.0.2.7:1',
};

test('after another boot of the machine only the routes to other machines are known, and the log says how many are not', async () => {
  const boot = { id: 'first', since: 0 };
  const first = await startedProxy(['--storage-file', file], {}, Date.now, boot);
  for (const [path, target] of Object.entries(targets)) first.addRoute(path, target);
  await first.close();
  const same = await startedProxy(['--storage-file', file], {}, Date.now, boot);
  expect(same.table.size).toBe(6);
  await same.close();
  const argv = ['--storage-file', file, '--default-target', 'http://127.0.0.1:9'];
  const next = await startedProxy(argv, {}, Date.now, { ...boot, id: 'second' });
  expect([...next.table.routes()].map(({ path }) => path)).toEqual(['/user/node', '/']);
  await next.close();
  expect(next.log.join('')).toMatch(/5 routes in .* are of an earlier boot/);
});

test('an address that the machine had when the file was written is not another machine', async () => {
  const routes = [{ path: '/a', data: { target: 'http://192.0.2.7:1' }, lastActivity: 1 }];
  writeFileSync(file, JSON.stringify({ version: 2, boot_id: 'first', addresses: ['192.0.2.7'], routes }));
  const proxy = await startedProxy(['--storage-file', file], {}, Date.now, { id: 'second', since: 0 });
  expect(proxy.table.size).toBe(0);
});

test.each([
  ['before', 0],
  ['after', 1],
])('a file of an earlier version, written %s the boot: %i routes', async (_when, count) => {
  const routes = [{ path: '/a', data: { target: 'http://127.0.0.1:1' }, lastActivity: 1 }];
  writeFileSync(file, JSON.stringify({ version: 1, routes }));
  const since = statSync(file).mtimeMs + (count === 0 ? 1000 : -1000);
  const proxy = await startedProxy(['--storage-file', file], {}, Date.now, { id: 'this', since });
  expect(proxy.table.size).toBe(count);
});

test('what the API has confirmed is on the disk', async () => {
  const proxy = await startedProxy(['--storage-file', file]);
  const stored = () =>
    JSON.parse(readFileSync(file, 'utf8')).routes.map((route: { path: string }) => route.path);
  const call = async (method: string, path: string, body: object | null) => {
    const url = `http://127.0.0.1:${proxy.apiPort}/api/routes${path}`;
    const headers = { authorization: 'token secret' };
    await fetch(url, { method, headers, body: body && JSON.stringify(body) });
    return stored().includes(path);
  };
  const target = { target: 'http://127.0.0.1:1' };
  const paths = Array.from({ length: 50 }, (_, index) => `/user/${index}`);
  expect(await Promise.all(paths.map((path) => call('POST', path, target)))).toEqual(paths.map(() => true));
  expect(await call('DELETE', '/user/7', null)).toBe(false);
});

test('a route is on the disk soon after it was added, without a close', async () => {
  const proxy = await startedProxy(['--storage-file', file]);
  for (let count = 0; count < 200; count++) proxy.addRoute(`/user/${count}`, 'http://127.0.0.1:1');
  await expect.poll(() => JSON.parse(readFileSync(file, 'utf8')).routes.length).toBe(200);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test.each(['not json', '{"routes":[{"path":1}]}', '[]'])(
  'a file that holds %j is put aside',
  async (content) => {
    writeFileSync(file, content);
    const proxy = await startedProxy(['--storage-file', file]);
    expect(proxy.table.size).toBe(0);
    expect(readFileSync(`${file}.unreadable`, 'utf8')).toBe(content);
    expect(proxy.log.join('')).toMatch('does not hold routes that can be used');
  },
);

test('a file that cannot be written stops the start', async () => {
  await expect(startedProxy(['--storage-file', '/nonexistent/dir/routes.json'])).rejects.toThrow(
    '/nonexistent/dir/routes.json',
  );
});

test('without the option nothing is kept', async () => {
  const proxy = await startedProxy();
  proxy.addRoute('/a', 'http://127.0.0.1:1');
  await proxy.close();
  expect(existsSync(file)).toBe(false);
});

/** One that is not loopback where there is one. */
function ownAddress(): string {
  const infos = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return infos.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.2';
}

test('a symbolic link to the file stays one, also while its end does not exist yet', async () => {
  const end = `${file}.end`;
  symlinkSync('routes.json.middle', file);
  symlinkSync(end, `${file}.middle`);
  const first = await startedProxy(['--storage-file', file]);
  first.addRoute('/a', 'http://127.0.0.1:1');
  await first.close();
  expect(readlinkSync(file)).toBe('routes.json.middle');
  expect(lstatSync(end).isFile()).toBe(true);
  const second = await startedProxy(['--storage-file', file]);
  expect(second.table.size).toBe(1);
});

test('a byte that changed in the file is noticed by its checksum; a file without one may be edited', async () => {
  const first = await startedProxy(['--storage-file', file]);
  first.addRoute('/a', 'http://127.0.0.1:1001');
  await first.close();
  const content = readFileSync(file, 'utf8');
  const changed = content.replace(':1001', ':1003');
  writeFileSync(file, changed);
  const second = await startedProxy(['--storage-file', file]);
  expect(second.table.size).toBe(0);
  expect(second.log.join('')).toMatch('its checksum does not match');
  expect(readFileSync(`${file}.unreadable`, 'utf8')).toBe(changed);
  await second.close();
  writeFileSync(file, JSON.stringify({ ...JSON.parse(changed), sha256: undefined }));
  const third = await startedProxy(['--storage-file', file]);
  expect(third.table.get('/a')?.data.target).toBe('http://127.0.0.1:1003');
});

test.each([8.64e15 + 1, -1, 0.5])(
  'a last activity of %d is refused, as no listing could show it',
  async (lastActivity) => {
    const routes = [{ path: '/a', data: { target: 'http://127.0.0.1:1' }, lastActivity }];
    writeFileSync(file, JSON.stringify({ version: 2, routes }));
    const proxy = await startedProxy(['--storage-file', file]);
    const headers = { authorization: 'token secret' };
    const listing = await fetch(`http://127.0.0.1:${proxy.apiPort}/api/routes`, { headers });
    expect(await listing.json()).toEqual({});
    expect(proxy.log.join('')).toMatch('route 1 is not valid');
  },
);

test('a last activity in the future, from a clock that was wrong, is now', async () => {
  const routes = [{ path: '/a', data: { target: 'http://192.0.2.7:1' }, lastActivity: 8.64e15 }];
  writeFileSync(file, JSON.stringify({ version: 2, routes }));
  const proxy = await startedProxy(['--storage-file', file]);
  expect(proxy.lastActivity('/a')).toBeLessThanOrEqual(Date.now());
});
