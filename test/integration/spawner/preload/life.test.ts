// The life of a fork server: it outlives the service, is started again, is replaced when its environment changes, and the
// servers that it has forked depend on it for nothing.
import { readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { forkProcesses } from '../../../support/fork-processes.ts';
import {
  forkedService,
  forkServerPid,
  forkServerReady,
  importingService,
  linesWith,
} from '../../../support/preload.ts';
import { processesBelow, type TestService } from '../../../support/service.ts';

test('it has the account nobody, two capabilities and no network', { timeout: 60_000 }, async () => {
  const { service } = await forkedService();
  const pid = forkServerPid(service);
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name: string) => new RegExp(`^${name}:[ \\t]*(.*)$`, 'm').exec(status)?.[1];
  expect(['Uid', 'Groups', 'NoNewPrivs'].map(field)).toEqual(['65534\t65534\t65534\t65534', '', '1']);
  // CAP_SETGID and CAP_SETUID
  const sets = ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'].map(field);
  expect(new Set(sets)).toEqual(new Set(['00000000000000c0']));
  expect(readFileSync(`/proc/${pid}/net/dev`, 'utf8').match(/^\s*\w+:/gm)).toEqual(['    lo:']);
});

test('it outlives the service and is adopted; the servers go on', { timeout: 60_000 }, async () => {
  const { service } = await forkedService();
  const pid = forkServerPid(service);
  const url = await startOne(service, 'ann');
  await service.restart();
  const second = await startOne(service, 'bob');
  expect(linesWith(service, 'the fork server is ready')).toHaveLength(1);
  expect((await hashOf(url)) === (await hashOf(second))).toBe(true);
  expect(process.kill(pid, 0)).toBe(true);
});

test('one that was killed is replaced; a start meanwhile is a command, and servers go on', {
  timeout: 60_000,
}, async () => {
  const { service } = await forkedService();
  const url = await startOne(service, 'ann');
  const before = await hashOf(url);
  process.kill(forkServerPid(service), 'SIGKILL');
  const command = await hashOf(await startOne(service, 'bob'));
  expect(command).not.toBe(before);
  expect(await hashOf(url)).toBe(before);
  await forkServerReady(service, 2);
  const replaced = await hashOf(await startOne(service, 'eve'));
  expect([before, command]).not.toContain(replaced);
  expect(await hashOf(await startOne(service, 'dan'))).toBe(replaced);
});

test('one that is killed while it imports leaves no process, and another one is started', {
  timeout: 60_000,
}, async () => {
  const { service } = await importingService({
    modules: ['slow'],
    prepare: (path) => writeFileSync(join(path, 'slow.py'), 'import time\ntime.sleep(3600)\n'),
  });
  const running = () => processesBelow(service.stateDirectory, 'portwrap_preload');
  // itself, and its child that looks which modules can be used
  await expect.poll(() => running().length).toBe(2);
  const before = running();
  process.kill(Math.min(...before), 'SIGKILL');
  await expect.poll(() => running().filter((pid) => before.includes(pid))).toEqual([]);
  await expect.poll(() => linesWith(service, 'the fork server has ended').length).toBe(1);
  await expect.poll(() => running().length).toBe(2);
  // nor does the end of the service leave one that imports, as the fixture sees, nor its death
  const second = running();
  await service.restart('SIGKILL');
  await expect.poll(() => running().filter((pid) => second.includes(pid))).toEqual([]);
  await expect.poll(() => running().length).toBe(2);
});

test('one whose process that imports first is killed is started again soon, too', {
  timeout: 60_000,
}, async () => {
  const { service } = await importingService({
    modules: ['slow'],
    prepare: (path) => writeFileSync(join(path, 'slow.py'), 'import time\ntime.sleep(3600)\n'),
  });
  const importing = () => forkProcesses(service).children;
  await expect.poll(() => importing().length, { timeout: 20_000 }).toBe(1);
  const [first = 0] = importing();
  process.kill(first, 'SIGKILL');
  const why = 'a process that imported the modules has died';
  await expect.poll(() => linesWith(service, why).length, { timeout: 20_000 }).toBe(1);
  await expect.poll(() => importing().filter((pid) => pid !== first).length, { timeout: 20_000 }).toBe(1);
});

test('a change of its environment on disk replaces it', { timeout: 60_000 }, async () => {
  const { service, path } = await forkedService();
  const first = forkServerPid(service);
  const url = await startOne(service, 'ann');
  utimesSync(path, new Date(), new Date());
  await startOne(service, 'bob');
  await forkServerReady(service, 2);
  const replaced = await hashOf(await startOne(service, 'eve'));
  expect(forkServerPid(service)).not.toBe(first);
  expect(replaced).not.toBe(await hashOf(url));
  await expect.poll(() => processesBelow(service.stateDirectory).includes(first)).toBe(false);
});

test.each([
  ['exit/3', 3],
  ['signal/9', 137],
  ['signal/11', 139],
])('the end of a forked server by %s is reported', { timeout: 60_000 }, async (path, code) => {
  const { service } = await forkedService();
  const url = await startOne(service, 'ann');
  await fetch(`${url}/${path}`).catch(() => {});
  const ended = async () => (await service.call('GET', '/users/ann/server')).body.exit;
  await expect.poll(ended, { timeout: 10_000 }).toMatchObject({ code });
});

async function startOne(service: TestService, user: string): Promise<string> {
  const events = await service.start(user, { spawn_id: `spawn-${user}-1` });
  const url = events.at(-1)?.url;
  if (url === undefined) throw new Error(JSON.stringify(events));
  return url;
}

/** Equal for servers of one fork server only. */
async function hashOf(url: string): Promise<number> {
  return ((await (await fetch(url)).json()) as { hash: number }).hash;
}
