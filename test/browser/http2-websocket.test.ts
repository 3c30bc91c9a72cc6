// A browser that has an HTTP/2 connection opens its WebSockets over it: text and bytes come back, and no other connection
// is made. Pages and WebSockets are of a small server behind the proxy.
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { http2Proxies } from '../integration/proxy/support/http2.ts';
import { forEachEngine, startedProxy } from '../integration/proxy/support/started-proxy.ts';
import { launchBrowser } from '../support/browser/browser-session.ts';

const { tls } = http2Proxies();
let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
}, 240_000);
afterAll(async () => {
  await browser?.close();
}, 60_000);

/** A page, and a WebSocket that echoes, with the subprotocol "b" and compression. */
async function pageWithEcho(): Promise<string> {
  const server: Server = createServer((_req, res) => {
    res.writeHead(200, { 'Content-Type': 'text/html' }).end('<title>page</title>');
  });
  const wss = new WebSocketServer({ server, perMessageDeflate: true, handleProtocols: () => 'b' });
  wss.on('connection', (ws) => ws.on('message', (message, binary) => ws.send(message, { binary })));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const ws of wss.clients) ws.terminate();
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

interface Echoed {
  readonly protocol: string;
  readonly extensions: string;
  readonly text: string;
  readonly bytes: number;
  readonly code: number;
}

/** In the page: opens a WebSocket, sends text and a megabyte, and closes it. */
const echo = `(async () => {
  const ws = new WebSocket('wss://' + location.host + '/ws', ['a', 'b']);
  ws.binaryType = 'arraybuffer';
  const next = (name) => new Promise((resolve, reject) => {
    ws.addEventListener(name, resolve, { once: true });
    ws.addEventListener('error', () => reject(new Error('no WebSocket')), { once: true });
  });
  await next('open');
  ws.send('hello');
  const text = (await next('message')).data;
  ws.send(crypto.getRandomValues(new Uint8Array(65536)));
  const first = (await next('message')).data.byteLength;
  ws.send(new Uint8Array(1048576));
  const bytes = first + (await next('message')).data.byteLength;
  ws.close(1000);
  const { code } = await next('close');
  return { protocol: ws.protocol, extensions: ws.extensions, text, bytes, code };
})()`;

async function opened(...argv: string[]) {
  const directory = mkdtempSync(join(tmpdir(), 'portwrap-browser-ws-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'log');
  const log = ['--access-log', 'json', '--access-log-file', file];
  const target = await pageWithEcho();
  const proxy = await startedProxy([...tls, '--default-target', target, ...log, ...argv]);
  const page = await browser.newPage({ ignoreHTTPSErrors: true });
  onTestFinished(() => page.close());
  await page.goto(`https://127.0.0.1:${proxy.port}/page`);
  /** The line of the WebSocket. */
  const line = async (): Promise<unknown> => {
    const lines = (): string[] => readFileSync(file, 'utf8').split('\n');
    const found = (): string | undefined => lines().find((one) => one.includes('"path":"/ws"'));
    await expect.poll(found, { timeout: 60_000 }).toBeDefined();
    return JSON.parse(found() ?? '');
  };
  return { echoed: await page.evaluate<Echoed>(echo), line };
}

const whole = {
  protocol: 'b',
  extensions: expect.stringContaining('permessage-deflate'),
  text: 'hello',
  bytes: 65_536 + 1_048_576,
  code: 1000,
};

forEachEngine(() => {
  test('a page that came over HTTP/2 opens its WebSocket over HTTP/2', async () => {
    const { echoed, line } = await opened('--http2-websockets');
    expect(echoed).toEqual(whole);
    expect(await line()).toMatchObject({ method: 'GET', version: '2.0', status: 101 });
  });

  test('without the option the WebSocket opens over HTTP/1.1', async () => {
    const { echoed, line } = await opened();
    expect(echoed).toEqual(whole);
    expect(await line()).toMatchObject({ method: 'GET', version: '1.1', status: 101 });
  });
});
