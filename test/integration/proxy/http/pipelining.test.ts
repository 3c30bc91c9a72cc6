import { expect, test } from 'vitest';
import { rawClient } from '../support/raw-client.ts';
import { forEachEngine, startedProxy } from '../support/started-proxy.ts';
import { httpUpstream, rawUpstream } from '../support/upstream.ts';

const get = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: h\r\n${more}\r\n`;

/** Answers nothing until it is told to, then every request with its path. */
async function heldUpstream() {
  const seen: string[] = [];
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const upstream = await httpUpstream(async (req, res) => {
    seen.push(req.url ?? '');
    await released;
    res.end(`answer to ${req.url}`);
  });
  return { ...upstream, seen, release };
}

forEachEngine(() => {
  test('requests that a client sends at once are served one after the other, over one connection', async () => {
    const upstream = await heldUpstream();
    const proxy = await startedProxy(['--default-target', upstream.url]);
    const paths = Array.from({ length: 600 }, (_, at) => `/${at}`);
    const client = rawClient(proxy.port, paths.map((path) => get(path)).join(''));
    await expect.poll(() => upstream.seen).toEqual(['/0']);
    upstream.release();
    await expect.poll(() => upstream.seen.length, { timeout: 30_000 }).toBe(600);
    expect(upstream.seen).toEqual(paths);
    expect(upstream.accepted()).toBe(1);
    expect((await client.until('answer to /599')).match(/answer to /g)).toHaveLength(600);
  });

  test.each([
    ['no HTTP', 'nonsense\r\n\r\n', 400],
    ['CONNECT', 'CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n', 405],
    ['a WebSocket', get('/gone', 'Connection: Upgrade\r\nUpgrade: websocket\r\n'), 200],
    ['another upgrade', get('/last', 'Connection: Upgrade, close\r\nUpgrade: h2c\r\n'), 200],
  ])('%s behind a request is answered after it', async (_name, second, status) => {
    const upstream = await heldUpstream();
    const proxy = await startedProxy(['--default-target', upstream.url]);
    const client = rawClient(proxy.port, get('/first') + second);
    await expect.poll(() => upstream.seen).toEqual(['/first']);
    upstream.release();
    const answers = await client.untilClosed();
    const statuses = [...answers.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, code]) => Number(code));
    expect(statuses).toEqual([200, status]);
    expect(answers).toMatch('answer to /first');
  });

  test('what comes behind a request with "Connection: close" takes nothing from its answer', async () => {
    const upstream = await heldUpstream();
    const proxy = await startedProxy(['--default-target', upstream.url]);
    const client = rawClient(proxy.port, `${get('/first', 'Connection: close\r\n')}more`);
    await expect.poll(() => upstream.seen).toEqual(['/first']);
    upstream.release();
    expect(await client.untilClosed()).toMatch('answer to /first');
  });

  test('a proxy that closes leaves nobody waiting for his turn', async () => {
    const upstream = await rawUpstream(() => undefined);
    const proxy = await startedProxy(['--default-target', upstream.url]);
    const upgrade = get('/', 'Connection: Upgrade\r\nUpgrade: websocket\r\n');
    const client = rawClient(proxy.port, get('/') + upgrade);
    await expect.poll(() => upstream.sockets.size).toBe(1);
    await proxy.close();
    await client.untilClosed();
  });

  test.each([
    ['another request', get('/')],
    ['a WebSocket', get('/', 'Connection: Upgrade\r\nUpgrade: websocket\r\n')],
    ['CONNECT', 'CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n'],
    ['no HTTP', 'nonsense\r\n\r\n'],
  ])('a client that leaves while %s waits behind its request frees the upstream', async (_name, second) => {
    const upstream = await rawUpstream(() => undefined);
    const proxy = await startedProxy(['--default-target', upstream.url]);
    const client = rawClient(proxy.port, get('/') + second);
    await expect.poll(() => upstream.sockets.size).toBe(1);
    client.socket.destroy();
    await expect.poll(() => upstream.sockets.size).toBe(0);
    expect(upstream.accepted()).toBe(1);
  });
});
