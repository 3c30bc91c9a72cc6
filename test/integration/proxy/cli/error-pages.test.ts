import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { rawClient } from '../support/raw-client.ts';
import { startedProxy } from '../support/started-proxy.ts';
import { httpUpstream } from '../support/upstream.ts';

test('error pages come from the error target, with its type and encoding and nothing else', async () => {
  const seen: string[] = [];
  const hub = await httpUpstream((req, res) => {
    seen.push(`${req.method} ${req.url} cookie=${req.headers.cookie}`);
    res.writeHead(200, { 'Content-Type': 'text/plain', 'Set-Cookie': 'a=1' }).end(`page of ${req.url}`);
  });
  const proxy = await startedProxy(['--error-target', `${hub.url}/hub/error`]);
  proxy.addRoute('/dead', 'http://127.0.0.1:1');
  for (const [path, status] of [
    ['/foo/bar?x=1&y', 404],
    ['/dead', 503],
  ] as const) {
    const answer = await fetch(proxy.url + path, { headers: { Cookie: 'secret=1' } });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toBe('text/plain');
    expect(answer.headers.get('set-cookie')).toBe(null);
    expect(await answer.text()).toBe(`page of /hub/error/${status}?url=${encodeURIComponent(path)}`);
  }
  expect(seen.join()).not.toMatch('secret');
});

test('a malformed escape in the URL is 500, with an error page', async () => {
  const hub = await httpUpstream((req, res) => {
    res
      .writeHead(200, { 'Content-Type': 'text/plain' })
      .end(new URL(req.url ?? '', 'http://h').searchParams.get('url'));
  });
  const proxy = await startedProxy(['--error-target', hub.url]);
  const answer = await rawClient(
    proxy.port,
    'GET /% HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n',
  ).untilClosed();
  expect(answer).toMatch(/^HTTP\/1\.1 500 [\s\S]*text\/plain[\s\S]*\r\n\r\n\/%$/);
});

test('an error target that is down leaves a plain text', async () => {
  const proxy = await startedProxy(['--error-target', 'http://127.0.0.1:1']);
  const answer = await fetch(`${proxy.url}/x`);
  expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([
    404,
    'text/plain',
    'Not Found',
  ]);
});

test('error pages come from the error path: the one of the status, or the one for all', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'portwrap-proxy-errors-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  writeFileSync(join(dir, '404.html'), "<b>404'D!</b>");
  writeFileSync(join(dir, 'error.html'), '<b>UNKNOWN</b>');
  const proxy = await startedProxy(['--error-path', dir]);
  proxy.addRoute('/dead', 'http://127.0.0.1:1');
  const missing = await fetch(`${proxy.url}/x`);
  expect([missing.status, missing.headers.get('content-type'), await missing.text()]).toEqual([
    404,
    'text/html',
    "<b>404'D!</b>",
  ]);
  expect(await (await fetch(`${proxy.url}/dead`)).text()).toBe('<b>UNKNOWN</b>');
});

test('without either a person reads what happened, and nothing about the inside', async () => {
  const proxy = await startedProxy();
  proxy.addRoute('/dead', 'http://127.0.0.1:1');
  const page = await (await fetch(`${proxy.url}/dead`)).text();
  expect(page).toMatch('503: Service Unavailable');
  expect(page).toMatch('does not respond');
  expect(page).not.toMatch(/ECONNREFUSED|127\.0\.0\.1/);
});
