import { expect, test } from 'vitest';
import { rawClient } from '../support/raw-client.ts';
import { startedProxy } from '../support/started-proxy.ts';

type Proxy = Awaited<ReturnType<typeof startedProxy>>;

async function call(proxy: Proxy, method: string, path: string, body?: string, token = 'token secret') {
  const answer = await fetch(`http://127.0.0.1:${proxy.apiPort}${path}`, {
    method,
    headers: { Authorization: token },
    ...(body === undefined ? {} : { body }),
  });
  const text = await answer.text();
  return { status: answer.status, text, type: answer.headers.get('content-type') };
}

test('a route is added, read, listed, replaced and removed', async () => {
  let now = Date.parse('2030-01-01T00:00:00.000Z');
  const proxy = await startedProxy([], {}, () => now);
  const posted = { target: 'http://127.0.0.1:1', user: 'a', nested: { x: [1] }, last_activity: 'mine' };
  expect(await call(proxy, 'POST', '/api/routes/user/a', JSON.stringify(posted))).toMatchObject({
    status: 201,
    text: '',
  });
  const known = {
    target: 'http://127.0.0.1:1',
    user: 'a',
    nested: { x: [1] },
    last_activity: '2030-01-01T00:00:00.000Z',
  };
  const one = await call(proxy, 'GET', '/api/routes/user/a/');
  expect([one.status, one.type, JSON.parse(one.text)]).toEqual([200, 'application/json', known]);
  for (const path of ['/api/routes', '/api/routes/']) {
    expect(JSON.parse((await call(proxy, 'GET', path)).text)).toEqual({ '/user/a': known });
  }
  now += 1;
  await call(proxy, 'POST', '/api/routes/user/a', '{"target":"http://127.0.0.1:2"}');
  expect(JSON.parse((await call(proxy, 'GET', '/api/routes/user/a')).text)).toEqual({
    target: 'http://127.0.0.1:2',
    last_activity: '2030-01-01T00:00:00.001Z',
  });
  expect(await call(proxy, 'DELETE', '/api/routes/user/a/')).toMatchObject({ status: 204, text: '' });
  expect(await call(proxy, 'DELETE', '/api/routes/user/a')).toMatchObject({ status: 404, text: '' });
  expect(await call(proxy, 'GET', '/api/routes/user/a')).toMatchObject({ status: 404, text: '' });
});

test('the default target is the route /, which can be posted and removed', async () => {
  const proxy = await startedProxy(['--default-target', 'http://127.0.0.1:1']);
  expect(Object.keys(JSON.parse((await call(proxy, 'GET', '/api/routes')).text))).toEqual(['/']);
  expect((await call(proxy, 'DELETE', '/api/routes')).status).toBe(204);
  expect((await call(proxy, 'POST', '/api/routes', '{"target":"http://127.0.0.1:2"}')).status).toBe(201);
  expect((await call(proxy, 'DELETE', '/api/routes/')).status).toBe(204);
});

test('keys come back decoded, and an encoded slash separates', async () => {
  const proxy = await startedProxy();
  for (const path of [
    '/user/q%40m',
    '/user/caf%C3%A9%20z',
    '/user/x%2Fy',
    '/dots/../up',
    '/user/constructor/__proto__',
  ]) {
    expect((await call(proxy, 'POST', `/api/routes${path}`, '{"target":"http://h"}')).status).toBe(201);
  }
  const keys = Object.keys(JSON.parse((await call(proxy, 'GET', '/api/routes')).text));
  expect(keys.sort()).toEqual([
    '/up',
    '/user/café z',
    '/user/constructor/__proto__',
    '/user/q@m',
    '/user/x/y',
  ]);
});

test.each([
  ['/api/routes/x', 'not json', 'Body not valid JSON: '],
  ['/api/routes/x', '', 'Body not valid JSON: '],
  ['/api/routes/x', 'null', "Must specify 'target' as string"],
  ['/api/routes/x', '[]', "Must specify 'target' as string"],
  ['/api/routes/x', '"x"', "Must specify 'target' as string"],
  ['/api/routes/x', '{"target":1}', "Must specify 'target' as string"],
  ['/api/routes/%zz', '{"target":"http://h"}', 'Malformed escape'],
])('POST %s with %j is answered with 400', async (path, body, message) => {
  const proxy = await startedProxy();
  const answer = await call(proxy, 'POST', path, body);
  expect(answer.status).toBe(400);
  expect(answer.text).toMatch(message);
  expect(proxy.table.size).toBe(0);
});

test('a target that cannot be reached is accepted, and answered with 500', async () => {
  const proxy = await startedProxy();
  for (const target of ['nota url', 'ftp://x', '', 'ws://x']) {
    expect((await call(proxy, 'POST', '/api/routes/bad', JSON.stringify({ target }))).status).toBe(201);
    expect((await fetch(`${proxy.url}/bad`)).status).toBe(500);
  }
});

test('routes that were inactive since a time are listed', async () => {
  let now = Date.parse('2020-01-01T00:00:00Z');
  const proxy = await startedProxy([], {}, () => now);
  proxy.addRoute('/old', 'http://h');
  now = Date.parse('2024-01-01T00:00:00Z');
  proxy.addRoute('/new', 'http://h');
  const keys = async (query: string) =>
    Object.keys(JSON.parse((await call(proxy, 'GET', `/api/routes${query}`)).text));
  expect(await keys('?inactiveSince=2022-01-01T00:00:00.000Z')).toEqual(['/old']);
  expect(await keys('?inactive_since=2022-01-01')).toEqual(['/old']);
  expect(await keys('?inactive_since=2001-01-01')).toEqual([]);
  expect(await keys('?inactive_since=')).toEqual(['/old', '/new']);
  const bad = await call(proxy, 'GET', '/api/routes?inactive_since=endoftheuniverse');
  expect(bad).toMatchObject({ status: 400, text: "Invalid datestamp 'endoftheuniverse' must be ISO8601." });
});

test.each([
  ['token secret', 200],
  ['xtoken  secret z', 200],
  ['Bearer secret', 403],
  ['Token secret', 403],
  ['token wrong', 403],
  ['token', 403],
  ['', 403],
])('Authorization %j is answered with %i', async (token, status) => {
  const proxy = await startedProxy();
  const answer = await call(proxy, 'GET', '/api/routes', undefined, token);
  expect(answer.status).toBe(status);
  if (status === 403) expect(answer.text).toBe('');
});

test('without a token the API is open, and the log warns', async () => {
  const proxy = await startedProxy([], { token: '' });
  expect((await call(proxy, 'GET', '/api/routes', undefined, '')).status).toBe(200);
  expect(proxy.log.join('')).toMatch('warn: REST API is not authenticated.');
});

test('methods and addresses that there are not are answered before the token is asked for', async () => {
  const proxy = await startedProxy();
  for (const method of ['PUT', 'PATCH', 'HEAD', 'OPTIONS']) {
    expect((await call(proxy, method, '/api/routes/x', undefined, '')).status).toBe(405);
  }
  for (const path of ['/', '/api', '/api/', '/api/routesx', '/other']) {
    expect((await call(proxy, 'GET', path, undefined, '')).status).toBe(404);
  }
});

test('the body of a call without the token is not waited for', async () => {
  const proxy = await startedProxy();
  const client = rawClient(
    proxy.apiPort,
    'POST /api/routes/x HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n{',
  );
  expect(await client.until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 403 /);
});

test('a body that is too large is refused with 413 before it is complete', async () => {
  const proxy = await startedProxy();
  const head =
    'POST /api/routes/x HTTP/1.1\r\nHost: h\r\nAuthorization: token secret\r\nContent-Length: 99000000\r\n\r\n';
  const client = rawClient(proxy.apiPort, head + 'x'.repeat(2_000_000));
  expect(await client.until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 413 /);
});

test('calls are logged without their query', async () => {
  const proxy = await startedProxy();
  await call(proxy, 'POST', '/api/routes/x?secret=1', '{"target":"http://h"}');
  await expect.poll(() => proxy.log.join('')).toMatch('info: 201 POST /api/routes/x \n');
  expect(proxy.log.join('')).not.toMatch('secret=1');
  expect(proxy.log.join('')).toMatch('Route added /x -> http://h');
});

test('a table of 10,000 routes is listed whole, and leaves no listeners behind', async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error): void => {
    warnings.push(warning);
  };
  process.on('warning', onWarning);
  const proxy = await startedProxy();
  for (let count = 0; count < 10_000; count++) proxy.addRoute(`/user/${count}`, 'http://127.0.0.1:1');
  expect(Object.keys(JSON.parse((await call(proxy, 'GET', '/api/routes')).text))).toHaveLength(10_000);
  process.off('warning', onWarning);
  expect(warnings).toEqual([]);
});

test('a route too deeply nested to be listed is refused, and the others are listed on', async () => {
  const proxy = await startedProxy();
  const nested = `${'['.repeat(300_000)}${']'.repeat(300_000)}`;
  const body = `{"target":"http://127.0.0.1:1","more":${nested}}`;
  expect((await call(proxy, 'POST', '/api/routes/deep', body)).status).toBe(400);
  expect(JSON.parse((await call(proxy, 'GET', '/api/routes')).text)).toEqual({});
});

test('a target in absolute form is understood, and 405 says what is allowed', async () => {
  const proxy = await startedProxy();
  const more = 'Host: h\r\nAuthorization: token secret\r\nConnection: close\r\n\r\n';
  const absolute = rawClient(proxy.apiPort, `GET http://h/api/routes HTTP/1.1\r\n${more}`);
  expect(await absolute.untilClosed()).toMatch(/^HTTP\/1\.1 200 /);
  const patch = rawClient(proxy.apiPort, `PATCH /api/routes HTTP/1.1\r\n${more}`);
  expect(await patch.untilClosed()).toMatch(/^HTTP\/1\.1 405 [\s\S]*\r\nAllow: GET, POST, DELETE\r\n/);
});
