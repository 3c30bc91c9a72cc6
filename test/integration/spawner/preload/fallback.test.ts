// A start that cannot be forked, or that would not have the same result, goes on as a command.
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { readStat } from '../../../../portwrap/system/process.ts';
import {
  forkProcesses,
  isInit,
  kill,
  nameOfEntered,
  signal,
  stopped,
} from '../../../support/fork-processes.ts';
import {
  forkServerReady,
  linesWith,
  type ServerReport,
  startedReport,
  trustedDirectory,
} from '../../../support/preload.ts';
import { processesBelow, serverPath, type TestService } from '../../../support/service.ts';
import { startedService } from '../../../support/service-test.ts';

test('packages in the home of the user are used: the server is a command', { timeout: 60_000 }, async () => {
  const { service } = await forked('preload: [http.server]');
  await forkServerReady(service);
  const own = (await report(service, 'ann')).python;
  expect(own.ours).toEqual([]);
  const [enabled, path] = own.site as [boolean, string];
  expect(enabled).toBe(true);
  await service.call('DELETE', '/users/ann/server');
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'usercustomize.py'), 'import os\nos.environ["BY_USER"] = "yes"\n');
  const again = await report(service, 'ann');
  expect((again.python.environment as Record<string, string>).BY_USER).toBe('yes');
  expect(logOf(service)).toContain(`preload is not used for this start: ${path} holds packages of the user`);
});

test('a variable that the interpreter reads, sent by the hub, has its effect', {
  timeout: 60_000,
}, async () => {
  const { service } = await forked('preload: [http.server]');
  await forkServerReady(service);
  const { python } = await report(service, 'ann', { LC_MESSAGES: 'C', MALLOC_ARENA_MAX: '1' });
  expect(python.environment).toMatchObject({ MALLOC_ARENA_MAX: '1' });
  const again = await report(service, 'bob', { MALLOC_ARENA_MAX: '1' });
  expect(again.python.environment).toMatchObject({ MALLOC_ARENA_MAX: '1' });
  expect(logOf(service)).toContain('MALLOC_ARENA_MAX is not as it was when the modules were imported');
});

test('a child that is killed when it has been told to become the server is replaced by the command', {
  timeout: 60_000,
}, async () => {
  const { service } = await forked('preload: [http.server]');
  await forkServerReady(service);
  const starting = report(service, 'ann');
  const init = await first(() => processesBelow(service.directory).filter(isInit));
  stopped(init); // until it has read its line, the child is not told
  const child = await first(() =>
    forkProcesses(service).entered.filter((pid) => readStat(pid)?.name === nameOfEntered),
  );
  stopped(child);
  signal(init, 'SIGCONT');
  const isTold = async () => (await service.call('GET', serverPath('ann'))).body.pid;
  await expect.poll(isTold, { timeout: 30_000 }).toBe(init);
  kill(child);
  expect((await starting).parent.name).toBe('portwrap-init\n');
  expect(logOf(service)).toContain('preload is not used for this start: its process was killed');
});

test.each([
  ['a module that does not exist', 'preload: [no_such_module]', 'no_such_module cannot be imported'],
  ['a program that is no script', 'command: [/usr/bin/env], preload: jupyter', 'is not a script'],
])('%s: the reason is logged once', { timeout: 60_000 }, async (_, profile, reason) => {
  const { service } = await forked(profile);
  await expect.poll(() => linesWith(service, reason).length, { timeout: 30_000 }).toBe(1);
});

test('an environment that somebody else can write is refused', { timeout: 60_000 }, async () => {
  const { service } = await forked('preload: [http.server]', (path) => {
    mkdirSync(join(path, 'package'));
    writeFileSync(join(path, 'package', 'module.py'), '');
    chownSync(join(path, 'package', 'module.py'), 4242, 0);
  });
  const reason = 'module.py can be changed by others than the administrator';
  await expect.poll(() => linesWith(service, reason).length, { timeout: 30_000 }).toBe(1);
  expect((await report(service, 'ann')).parent.name).toBe('bwrap\n');
});

test('a directory of modules that a group can write is refused', { timeout: 60_000 }, async () => {
  const { service } = await forked('preload: [http.server]', (path) => chmodSync(path, 0o775));
  await expect.poll(() => linesWith(service, 'can be written by others').length, { timeout: 30_000 }).toBe(1);
  expect((await report(service, 'ann')).parent.name).toBe('bwrap\n');
});

async function first(pids: () => number[]): Promise<number> {
  for (;;) {
    const [pid] = pids();
    if (pid !== undefined) return pid;
    await pause(1);
  }
}

async function forked(more: string, prepare: (path: string) => void = () => {}) {
  const { path, server, remove } = trustedDirectory();
  onTestFinished(remove);
  prepare(path);
  const command = more.includes('command') ? '' : `command: [${server}],`;
  const service = await startedService(
    onTestFinished,
    `
  - {name: forked, ${command} ready_path: /, ${more},
     environment: {PYTHONPATH: ${path}}, network: {internet: false, dns: false}}`,
  );
  return { service, path };
}

function report(service: TestService, user: string, env = {}): Promise<ServerReport> {
  return startedReport(service, user, { env });
}

/** Of all servers. */
function logOf({ stateDirectory }: TestService): string {
  const logs = join(stateDirectory, 'logs');
  return readdirSync(logs)
    .map((name) => readFileSync(join(logs, name), 'utf8'))
    .join('');
}
