// Servers' logs: their end, what comes next, and that they stay small while the payload writes on.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { hubToken, serverPath, type TestService } from '../../../support/service.ts';
import { serviceTest } from '../../../support/service-test.ts';

const limit = 65_536;

const test = serviceTest(
  `
  - name: web
    command: [sh, -c, "for i in 1 2 3; do echo line $i; done; exec /usr/bin/python3 -u -m http.server 8888"]
  - name: chatty
    command: [sh, -c, "/usr/bin/python3 -m http.server 8888 2> /dev/null & i=0; while :; do i=$((i+1)); echo number $i of a line that is long enough; done"]
`,
  '',
  { service: `log_bytes: ${limit}` },
);

const get = (service: TestService, user: string, query: string, signal?: AbortSignal) =>
  fetch(`${service.url}/api${serverPath(user)}/log${query}`, {
    headers: { authorization: `token ${hubToken}` },
    ...(signal === undefined ? {} : { signal }),
  });

test('the last lines are told, as many as asked for', async ({ service }) => {
  await service.start('ann', { spawn_id: 'logs-spawn-1', profile: 'web' });
  expect(await (await get(service, 'ann', '')).text()).toMatch(/^line 1\nline 2\nline 3\n/);
  const lines = (await (await get(service, 'ann', '?tail=2')).text()).trimEnd().split('\n');
  expect(lines).toHaveLength(2);
  expect(await (await get(service, 'ann', '?tail=0')).text()).toBe('');
});

test.for(['?tail=-1', '?tail=10001', '?tail=x', '?follow=perhaps'])(
  '%s is refused',
  async (query, { service }) => {
    expect((await get(service, 'ann', query)).status).toBe(400);
  },
);

test('a server that is not known has no log', async ({ service }) => {
  expect((await get(service, 'nobody', '')).status).toBe(404);
});

test("a log is a stranger's text, and is never taken for a page", async ({ service }) => {
  await service.start('dot', { spawn_id: 'logs-spawn-4', profile: 'web' });
  const { headers } = await get(service, 'dot', '');
  expect(headers.get('content-type')).toContain('text/plain');
  expect(headers.get('x-content-type-options')).toBe('nosniff');
});

test('followers get what comes, any number of them, and end with the server', async ({ service }) => {
  await service.start('fay', { spawn_id: 'logs-spawn-5', profile: 'web' });
  const followers = [get(service, 'fay', '?tail=0&follow=true'), get(service, 'fay', '?tail=0&follow=true')];
  const texts = Promise.all((await Promise.all(followers)).map((response) => response.text()));
  const { url } = (await service.call('GET', serverPath('fay'))).body;
  await fetch(`${url}/for-the-followers`);
  await service.call('DELETE', serverPath('fay'));
  for (const text of await texts) expect(text).toContain('GET /for-the-followers');
});

test('a follower that leaves is let go', async ({ service }) => {
  await service.start('bea', { spawn_id: 'logs-spawn-2', profile: 'web' });
  const before = openFiles(service);
  for (let round = 0; round < 10; round += 1) {
    const abort = new AbortController();
    const response = await get(service, 'bea', '?follow=true', abort.signal);
    await response.body?.getReader().read();
    abort.abort();
  }
  await expect.poll(() => openFiles(service)).toBeLessThanOrEqual(before + 1);
});

test('a server that writes without end keeps its log small, its lines readable, and itself running', async ({
  service,
}) => {
  await service.start('cat', { spawn_id: 'logs-spawn-3', profile: 'chatty' });
  const logs = join(service.stateDirectory, 'logs');
  await expect
    .poll(() => readdirSync(logs).some((name) => name.endsWith('.log.1')), { timeout: 20_000 })
    .toBe(true);
  const older = readdirSync(logs).find((name) => name.endsWith('.log.1')) ?? '';
  expect(statSync(join(logs, older)).size).toBe(limit);
  const lines = (await (await get(service, 'cat', '?tail=500')).text()).trimEnd().split('\n');
  expect(lines.length).toBe(500);
  // the first one may be cut, and those on both sides of the moment when the log was moved aside
  const cut = lines.filter((line) => !/^number \d+ of a line that is long enough$/.test(line));
  expect(cut.length).toBeLessThanOrEqual(3);
  expect((await service.call('GET', serverPath('cat'))).body.state).toBe('ready');
  await service.call('DELETE', `${serverPath('cat')}?now=true`);
  expect(readdirSync(logs).filter((name) => name.startsWith(older.slice(0, 12)))).toEqual([]);
});

function openFiles(service: TestService): number {
  return readdirSync(`/proc/${service.pid()}/fd`).length;
}
