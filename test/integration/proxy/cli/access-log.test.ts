// What the access log says of requests and WebSockets, from its file and from standard output.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { compiledCommand, freePort, runCommand } from '../support/command.ts';
import { rawClient } from '../support/raw-client.ts';
import { forEachEngine, startedProxy } from '../support/started-proxy.ts';
import { httpUpstream, rawUpstream, saying } from '../support/upstream.ts';

const main = compiledCommand();
let file = '';
beforeEach(() => {
  const dir = mkdtempSync(join(tmpdir(), 'portwrap-proxy-access-'));
  file = join(dir, 'access.log');
  return () => rmSync(dir, { recursive: true });
});

async function lines(count: number): Promise<string[]> {
  const read = (): string[] => (existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : []);
  await expect.poll(() => read().filter((line) => line !== '').length).toBe(count);
  return read();
}

forEachEngine(() => {
  test('a combined line tells client, request, status, bytes, referer and agent, and no query', async () => {
    const upstream = await httpUpstream((_req, res) => res.writeHead(201).end('12345'));
    const argv = ['--default-target', upstream.url, '--access-log', 'combined', '--access-log-file', file];
    const proxy = await startedProxy(argv);
    const headers = { Referer: 'http://r/p?token=hidden', 'User-Agent': 'a "quoted" agent\\' };
    await (await fetch(`${proxy.url}/a/b?token=hidden`, { headers })).text();
    const [line = ''] = await lines(1);
    expect(line).toMatch(
      /^127\.0\.0\.1 - - \[\d\d\/\w{3}\/\d{4}:\d\d:\d\d:\d\d \+0000\] "GET \/a\/b HTTP\/1\.1" 201 5 "http:\/\/r\/p" /,
    );
    expect(line.endsWith('"a \\"quoted\\" agent\\\\"')).toBe(true);
    expect(line).not.toMatch('hidden');
  });

  test('a common line ends after the bytes; what no target answered is logged too', async () => {
    const proxy = await startedProxy(['--access-log', 'common', '--access-log-file', file]);
    const page = await (await fetch(`${proxy.url}/none`, { method: 'POST', body: 'x' })).text();
    const [line = ''] = await lines(1);
    expect(line.endsWith(`"POST /none HTTP/1.1" 404 ${Buffer.byteLength(page)}`)).toBe(true);
  });

  test('a client that leaves before its answer is logged with 499', async () => {
    const upstream = await rawUpstream(() => undefined);
    const argv = ['--default-target', upstream.url, '--access-log', 'json', '--access-log-file', file];
    const proxy = await startedProxy(argv);
    const client = rawClient(proxy.port, 'GET /x?a=1 HTTP/1.1\r\nHost: h\r\n\r\n');
    await expect.poll(() => upstream.accepted()).toBe(1);
    client.socket.destroy();
    const [line = ''] = await lines(1);
    expect(JSON.parse(line)).toMatchObject({ method: 'GET', path: '/x', status: 499, bytes: 0 });
  });

  test('a WebSocket is logged when it has ended, with 101; a refused one with its status', async () => {
    const upstream = await saying(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello',
    );
    const proxy = await startedProxy(['--access-log', 'json', '--access-log-file', file]);
    proxy.addRoute('/a', upstream.url);
    const ask = (path: string): string =>
      `GET ${path} HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`;
    const open = rawClient(proxy.port, ask('/a/ws?token=hidden'));
    await open.until('hello');
    await rawClient(proxy.port, ask('/none')).untilClosed();
    const [refused = ''] = await lines(1);
    expect(JSON.parse(refused)).toMatchObject({ path: '/none', status: 404 });
    open.socket.destroy();
    const [, ended = ''] = await lines(2);
    const access = JSON.parse(ended);
    expect(access).toMatchObject({ address: '127.0.0.1', path: '/a/ws', status: 101 });
    expect(access.bytes).toBeGreaterThan('hello'.length);
    expect(ended).not.toMatch('hidden');
  });
});

test('bytes of control in a request cannot forge a line', async () => {
  const proxy = await startedProxy(['--access-log', 'combined', '--access-log-file', file]);
  const client = rawClient(proxy.port, 'GET /a" HTTP/1.1\r\nHost: h\r\nUser-Agent: a\tb\xe9\r\n\r\n');
  await client.until('404');
  const [line = ''] = await lines(1);
  expect(line).toMatch(/^[ -~]*$/);
  expect(line.endsWith('"a\\x09b\\xe9"')).toBe(true);
  expect(line).toMatch('"GET /a\\" HTTP/1.1" 404');
});

test('without the option there is no access log', async () => {
  const proxy = await startedProxy(['--access-log-file', file]);
  await (await fetch(`${proxy.url}/none`)).text();
  await proxy.close();
  expect(existsSync(file)).toBe(false);
});

test.each([[[]], [['--workers', '2']]])('lines go to standard output, with options %j', async (more) => {
  const port = await freePort();
  const argv = ['--ip', '127.0.0.1', '--port', `${port}`, '--access-log', 'common', ...more];
  const command = runCommand(main, argv, { CONFIGPROXY_AUTH_TOKEN: 'x' });
  await command.until('Proxy API at');
  const asked = Array.from({ length: 4 }, (_, n) => fetch(`http://127.0.0.1:${port}/n${n}`));
  for (const answer of await Promise.all(asked)) await answer.text();
  for (const n of [0, 1, 2, 3])
    await expect.poll(() => command.stdout()).toContain(`"GET /n${n} HTTP/1.1" 404`);
});

test('a file that cannot be written is named, and nothing starts', async () => {
  const argv = ['--port', `${await freePort()}`, '--access-log', 'json', '--access-log-file', '/nowhere/log'];
  const command = runCommand(main, argv, { CONFIGPROXY_AUTH_TOKEN: 'x' });
  expect(await command.ended).toBe(78);
  expect(command.stderr()).toMatch('/nowhere/log');
});
