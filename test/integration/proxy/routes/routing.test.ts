import { expect, test } from 'vitest';
import { rawClient } from '../support/raw-client.ts';
import { forEachEngine, startedProxy } from '../support/started-proxy.ts';
import { echoUpstream, httpUpstream, rawUpstream, saying } from '../support/upstream.ts';

interface Echoed {
  url: string;
  headers: Record<string, string>;
}

async function echoed(asked: Promise<Response>): Promise<Echoed> {
  return JSON.parse(await (await asked).text());
}

async function urlSeen(url: string, host = 'h'): Promise<Echoed> {
  const { port, pathname, search } = new URL(url);
  const raw = url.slice(url.indexOf('/', 8));
  const client = rawClient(Number(port), `GET ${raw} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  const answer = await client.untilClosed();
  if (!answer.startsWith('HTTP/1.1 200')) throw new Error(`${pathname}${search}: ${answer.slice(0, 30)}`);
  const json = answer.slice(answer.indexOf('{'), answer.lastIndexOf('}') + 1);
  return JSON.parse(json);
}

forEachEngine((engine) => {
  test.each([
    ['/bar', '', '/bar/rest/of/it', '/bar/rest/of/it'],
    ['/bar', '/foo', '/bar/rest/of/it', '/foo/bar/rest/of/it'],
    ['/bar', '/foo/', '/bar/', '/foo/bar/'],
    ['/bar', '/foo', '/bar?query=foo', '/foo/bar?query=foo'],
    ['/bar', '/foo?a=1', '/bar?b=2', '/foo/bar?a=1&b=2'],
    ['/b@r/b r', '/foo', '/b%40r/b%20r/rest', '/foo/b%40r/b%20r/rest'],
    ['/b@r/b r', '', '/b@r/b%20r/rest', '/b@r/b%20r/rest'],
    ['/user/x/y', '', '/user/x%2Fy/z', '/user/x%2Fy/z'],
    ['/user/b', '', '/user/a/../b/c', '/user/b/c'],
    ['/user/b', '', '/user/a/%2e%2e/b/c?x=..', '/user/b/c?x=..'],
    ['/a', '', '/a//b/{}|"<>', '/a//b/{}|"<>'],
  ])(
    'for the route %s and the target path %j, %s is asked for as %s',
    async (route, path, asked, expected) => {
      const upstream = await echoUpstream();
      const proxy = await startedProxy();
      proxy.addRoute(route, upstream.url + path);
      expect((await urlSeen(proxy.url + asked)).url).toBe(expected);
    },
  );

  test.each([
    [['--no-prepend-path'], '/bar/rest?x', '/bar/rest?x'],
    [['--no-include-prefix'], '/bar/rest?x', '/foo/rest?x'],
    [['--no-include-prefix'], '/b%61r/r%20st', '/foo/r%20st'],
    [['--no-include-prefix', '--no-prepend-path'], '/bar/rest', '/rest'],
    [['--no-include-prefix', '--no-prepend-path'], '/bar', '/'],
  ])('with %j, %s is asked for as %s', async (argv, asked, expected) => {
    const upstream = await echoUpstream();
    const proxy = await startedProxy(argv);
    proxy.addRoute('/bar', `${upstream.url}/foo`);
    expect((await urlSeen(proxy.url + asked)).url).toBe(expected);
  });

  test('absolute URLs are routed by their path', async () => {
    const upstream = await echoUpstream();
    const proxy = await startedProxy();
    proxy.addRoute('/a', upstream.url);
    const client = rawClient(
      proxy.port,
      'GET http://other/a?x HTTP/1.1\r\nHost: other\r\nConnection: close\r\n\r\n',
    );
    expect(await client.untilClosed()).toMatch('"url":"/a?x"');
  });

  test('OPTIONS * is answered here', async () => {
    const proxy = await startedProxy();
    expect(await rawClient(proxy.port, 'OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n').until('\r\n\r\n')).toMatch(
      /^HTTP\/1\.1 200 /,
    );
  });

  test('host routing goes by the host in lower case, without its port', async () => {
    const [one, two] = [await echoUpstream(), await echoUpstream()];
    const proxy = await startedProxy(['--host-routing', '--no-include-prefix']);
    proxy.addRoute('/one.example/user', `${one.url}/1`);
    proxy.addRoute('/[::1]', `${two.url}/2`);
    expect((await urlSeen(`${proxy.url}/user/x`, 'ONE.example:81')).url).toBe('/1/x');
    expect((await urlSeen(`${proxy.url}/user/x`, '[::1]:81')).url).toBe('/2/user/x');
    const missing = rawClient(proxy.port, 'GET / HTTP/1.0\r\n\r\n');
    expect(await missing.untilClosed()).toMatch(/^HTTP\/1\.1 404 /);
  });

  test('forwarded fields are appended to what the client sent', async () => {
    const upstream = await echoUpstream();
    const proxy = await startedProxy(['--default-target', upstream.url]);
    const headers = {
      'X-Forwarded-For': '1.2.3.4',
      'X-Forwarded-Proto': 'https',
      'X-Forwarded-Host': 'front',
    };
    const seen = await echoed(fetch(proxy.url, { headers }));
    expect(seen.headers).toMatchObject({
      'x-forwarded-for': '1.2.3.4,127.0.0.1',
      'x-forwarded-proto': 'https,http',
      'x-forwarded-port': `${proxy.port}`,
      'x-forwarded-host': 'front',
    });
    const bare = await echoed(fetch(proxy.url));
    expect(bare.headers['x-forwarded-host']).toBe(`127.0.0.1:${proxy.port}`);
  });

  test('--no-x-forward, --custom-header and --change-origin shape the request', async () => {
    const upstream = await echoUpstream();
    const argv = [
      '--no-x-forward',
      '--custom-header',
      'k1: v1',
      '--custom-header',
      'k2:v2 v2',
      '--change-origin',
    ];
    const proxy = await startedProxy([...argv, '--default-target', upstream.url]);
    const seen = await echoed(fetch(proxy.url, { headers: { K1: 'mine' } }));
    expect(seen.headers).toMatchObject({ k1: 'v1', k2: 'v2 v2', host: `127.0.0.1:${upstream.port}` });
    expect(JSON.stringify(seen.headers)).not.toMatch('forwarded');
  });

  test('redirects to the target are rewritten when asked for, and only those', async () => {
    const upstream = await httpUpstream((req, res) => {
      const location =
        req.url === '/out' ? 'https://elsewhere/x' : `https://127.0.0.1:${upstream.port}/whatever`;
      res.writeHead(301, { Location: location }).end();
    });
    const plain = await startedProxy(['--default-target', upstream.url]);
    const rewriting = await startedProxy([
      '--default-target',
      upstream.url,
      '--auto-rewrite',
      '--protocol-rewrite',
      'https',
    ]);
    const location = async (url: string) =>
      (await fetch(url, { redirect: 'manual' })).headers.get('location');
    expect(await location(`${plain.url}/in`)).toBe(`https://127.0.0.1:${upstream.port}/whatever`);
    expect(await location(`${rewriting.url}/in`)).toBe(`https://127.0.0.1:${rewriting.port}/whatever`);
    expect(await location(`${rewriting.url}/out`)).toBe('https://elsewhere/x');
  });

  test('a download does not count as activity until it is complete, an upload does at once', async () => {
    let now = 1000;
    const upstream = await rawUpstream((socket, received) => {
      if (received.startsWith('GET')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf');
    });
    const proxy = await startedProxy(['--default-target', upstream.url], {}, () => now);
    now = 2000;
    const download = rawClient(proxy.port, 'GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    await download.until('half');
    expect(proxy.lastActivity('/')).toBe(1000);
    for (const socket of upstream.sockets) socket.write('done');
    await expect.poll(() => proxy.lastActivity('/')).toBe(2000);
    now = 3000;
    rawClient(proxy.port, 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nsome');
    await expect.poll(() => proxy.lastActivity('/')).toBe(3000);
  });

  test.each([
    [200, true],
    [204, true],
    [206, true],
    [301, false],
    [304, false],
    [404, false],
    [500, false],
  ])('an answer with %i counts as activity: %s', async (status, counts) => {
    let now = 1000;
    const upstream = await httpUpstream((_req, res) => res.writeHead(status).end());
    const proxy = await startedProxy(
      ['--default-target', upstream.url, '--metrics-port', '0'],
      {},
      () => now,
    );
    now = 2000;
    await (await fetch(proxy.url, { redirect: 'manual' })).text();
    const metrics = `http://127.0.0.1:${proxy.metricsPort}/metrics`;
    await expect
      .poll(async () => (await fetch(metrics)).text())
      .toMatch(`requests_proxy{status="${status}"} 1`);
    expect(proxy.lastActivity('/')).toBe(counts ? 2000 : 1000);
  });

  test('on a WebSocket what the client sends is activity, what the server sends is not', async () => {
    let now = 1000;
    const upstream = await saying(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    );
    const proxy = await startedProxy(['--default-target', upstream.url], {}, () => now);
    const client = rawClient(
      proxy.port,
      'GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    );
    await client.until('101');
    now = 2000;
    for (const socket of upstream.sockets) socket.write('from the server');
    await client.until('from the server');
    expect(proxy.lastActivity('/')).toBe(1000);
    client.send('from the client');
    await expect.poll(() => proxy.lastActivity('/')).toBe(2000);
  });

  test('the health check answers before any route, with every method', async () => {
    const proxy = await startedProxy(['--default-target', 'http://127.0.0.1:1']);
    for (const method of ['GET', 'POST', 'DELETE']) {
      const answer = await fetch(`${proxy.url}/_chp_healthz`, { method });
      expect([answer.status, await answer.json()]).toEqual([200, { status: 'OK' }]);
    }
    expect((await fetch(`${proxy.url}/_chp_healthz?x`)).status).toBe(503);
  });

  test(`routes to users with names like object members are ordinary (${engine})`, async () => {
    const upstream = await echoUpstream();
    const proxy = await startedProxy(['--default-target', upstream.url]);
    for (const path of ['/constructor', '/__proto__/x', '/user/hasOwnProperty/x']) {
      expect((await fetch(proxy.url + path)).status).toBe(200);
    }
  });
});
