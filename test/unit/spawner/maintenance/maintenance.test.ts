// A maintenance: when starts are refused, and that it is the same one after a restart.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLogger } from '../../../../config/logger.ts';
import { openMaintenance } from '../../../../spawner/maintenance/maintenance.ts';

const log = createLogger('silent', 'test');
const noon = Date.parse('2026-12-01T12:00:00.000Z');
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'maintenance-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const disks = { message: 'new disks', starts_at: null, stop_servers_at: null };

test('without any, servers are started', () => {
  const maintenance = openMaintenance(directory, log);
  maintenance.check('ann');
  expect(maintenance.view()).toEqual({
    ...{ state: 'off', message: null, starts_at: null, stop_servers_at: null },
  });
});

test('from now on, starts are refused with the words of the administrator, also after a restart', async () => {
  await openMaintenance(directory, log, () => noon).begin(disks);
  const again = openMaintenance(directory, log, () => noon);
  expect(again.view()).toMatchObject({ state: 'on', starts_at: '2026-12-01T12:00:00.000Z' });
  expect(() => again.check('ann/lab')).toThrow(
    expect.objectContaining({
      ...{ code: 'MAINTENANCE', server: 'ann/lab' },
      message: 'no servers are started during maintenance: new disks',
    }),
  );
});

test('one that is planned refuses nothing before its time', async () => {
  let now = noon;
  const maintenance = openMaintenance(directory, log, () => now);
  await maintenance.begin({ ...disks, starts_at: '2026-12-01T13:00:00.000Z' });
  expect(maintenance.view().state).toBe('planned');
  expect(() => maintenance.check('ann')).not.toThrow();
  now = noon + 3_600_000;
  expect(maintenance.view().state).toBe('on');
  expect(() => maintenance.check('ann')).toThrow('new disks');
});

test('what is over is over after a restart, too', async () => {
  const maintenance = openMaintenance(directory, log);
  await maintenance.begin(disks);
  await maintenance.end();
  expect([maintenance.view().state, openMaintenance(directory, log).view().state]).toEqual(['off', 'off']);
});

test('one that cannot be saved is no maintenance, and is told', async () => {
  const maintenance = openMaintenance(join(directory, 'gone'), log);
  await expect(maintenance.begin(disks)).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
  expect(maintenance.view().state).toBe('off');
});

test('a file that cannot be read leaves users their servers', () => {
  writeFileSync(join(directory, 'maintenance.json'), '{"message": 1');
  expect(openMaintenance(directory, log).view().state).toBe('off');
});

test('who listens learns of every change, in the order of the changes', async () => {
  const maintenance = openMaintenance(directory, log);
  const seen: (string | null)[] = [];
  maintenance.onChange(() => seen.push(maintenance.view().message));
  await Promise.all([maintenance.begin(disks), maintenance.begin({ ...disks, message: 'more' })]);
  await maintenance.end();
  expect(seen).toEqual(['new disks', 'more', null]);
});
