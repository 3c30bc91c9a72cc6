// The audit trail of a service that runs: what is in it after starts, refusals, stops and actions of the administrator,
// that it holds no secret, and that it goes on after a rotation.
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import { runCommand, serverPath } from '../../../support/service.ts';
import { serviceTest } from '../../../support/service-test.ts';

const directory = mkdtempSync(join(tmpdir(), 'pws-audit-'));
const file = join(directory, 'audit.log');
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const test = serviceTest(
  `
  - name: web
    command: [/usr/bin/python3, -u, -m, http.server, "8888"]
    ready_path: /
    options:
      - {name: size, type: choice, choices: [s, {name: l, title: Large}], variable: SIZE}
      - {name: speed, type: number, variable: SPEED, default: 3}
`,
  '',
  { service: `audit: ${file}` },
);
const patience = { timeout: 60_000 };

const entries = () =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test('each start, refusal, stop and end, with who, which and what came of it, and no secret', async ({
  service,
}) => {
  const secret = 'secret-of-the-environment';
  const request = { spawn_id: 'audit-ann-1', user_options: { size: 'l' }, env: { KEY: secret } };
  await service.start('ann', request, 'lab');
  const { body } = await service.call('GET', serverPath('ann', 'lab'));
  await service.call('POST', serverPath('bea'), { spawn_id: 'audit-bea-1', profile: 'gone' });
  await service.call('DELETE', `${serverPath('ann', 'lab')}?spawn_id=audit-ann-1`);
  const ann = { hub: 'hub', user: 'ann', name: 'lab', spawn_id: 'audit-ann-1' };
  await expect.poll(() => entries().length, patience).toBe(5);
  expect(entries()).toEqual([
    {
      ...{ time: expect.stringMatching(/^\d{4}-.*Z$/), event: 'start', by: 'hub hub', ...ann },
      ...{ profile: 'web', choices: { size: 'l' }, settings: { size: 'Large', speed: '3' } },
      ...{ limits: { memory: null, cpus: null, gpus: [] }, result: 'accepted' },
    },
    {
      ...{ time: expect.any(String), event: 'ready', ...ann, profile: 'web', job: null },
      ...{ host: '127.0.0.1', port: body.port, pid: body.pid, uid: expect.any(Number) },
    },
    expect.objectContaining({
      ...{ event: 'start', by: 'hub hub', user: 'bea', name: '', profile: 'gone' },
      ...{ result: 'PROFILE_UNKNOWN', reason: expect.any(String) },
    }),
    expect.objectContaining({ event: 'stop', by: 'hub hub', ...ann, now: false }),
    expect.objectContaining({
      event: 'end',
      ...ann,
      result: 'SERVER_STOPPED',
      reason: 'the server was stopped',
    }),
  ]);
  expect(readFileSync(file, 'utf8')).not.toContain(secret);
  expect(statSync(file).mode & 0o007).toBe(0);
});

test('what an administrator does by commands, in a new file after the old one was rotated away', async ({
  service,
}) => {
  renameSync(file, `${file}.1`);
  await runCommand(service, 'reload');
  await runCommand(service, 'maintenance', 'on', '--message', 'New disks.');
  await service.call('POST', serverPath('cleo'), { spawn_id: 'audit-cleo-1' });
  await runCommand(service, 'maintenance', 'off');
  await expect.poll(() => (existsSync(file) ? entries().length : 0), patience).toBeGreaterThan(2);
  const written = [`${file}.1`, file].flatMap((path) => readFileSync(path, 'utf8').trim().split('\n'));
  expect(written.slice(5).map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({ event: 'reload', by: 'administrator', result: 'done' }),
    expect.objectContaining({ event: 'maintenance', result: 'begun', message: 'New disks.' }),
    expect.objectContaining({ event: 'start', user: 'cleo', result: 'MAINTENANCE' }),
    expect.objectContaining({ event: 'maintenance', by: 'administrator', result: 'ended' }),
  ]);
});
