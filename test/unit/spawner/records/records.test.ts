import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLogger } from '../../../../config/logger.ts';
import { recordId, type ServerRecord } from '../../../../spawner/records/record.ts';
import { openRecords } from '../../../../spawner/records/records.ts';

const log = createLogger('silent', 'test');
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'records-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function record(fields: Partial<ServerRecord> = {}): ServerRecord {
  return {
    ...{
      id: 'abcabcabcabc',
      hub: 'hub',
      user: 'ann',
      name: '',
      spawn_id: 'spawn-1',
      request_digest: '',
      profile: 'default',
    },
    ...{ request_digest: '', launcher: 'local' as const },
    ...{
      route_prefix: '/user/ann/',
      route_host: null,
      ready_path: '/user/ann/',
      certificate: null,
      state: 'starting' as const,
    },
    ...{ started: '2026-01-01T00:00:00.000Z', phases: {}, sandbox: null, job: null, queue_timeout: null },
    ...{ gpus: [], settings: [], limits: { memory: null, cpus: null } },
    ...{ after_end: null, exit: null, error: null },
    ...fields,
  };
}

test('what is saved is loaded again', async () => {
  const records = openRecords(directory, log);
  await records.save(record());
  expect((await records.load()).sound).toEqual([record()]);
});

test('of many saves at once the last one asked for stays', async () => {
  const records = openRecords(directory, log);
  const states = ['starting', 'ready', 'stopping', 'exited'] as const;
  await Promise.all(states.map((state) => records.save(record({ state }))));
  expect((await records.load()).sound.map(({ state }) => state)).toEqual(['exited']);
});

test('a removal after a save, asked for at once, leaves nothing', async () => {
  const records = openRecords(directory, log);
  await Promise.all([records.save(record()), records.remove('abcabcabcabc')]);
  expect(readdirSync(directory)).toEqual([]);
});

test('a record is for its owner only', async () => {
  await openRecords(directory, log).save(record());
  expect(statSync(join(directory, 'abcabcabcabc.json')).mode & 0o777).toBe(0o600);
});

test.each([
  ['half a file', '{"id": "abc", "hu'],
  ['another kind of JSON', '[]'],
  ['a state that there is not', JSON.stringify(record()).replace('starting', 'flying')],
])('%s is left alone, and the other records are loaded', async (_title, text) => {
  const records = openRecords(directory, log);
  await records.save(record());
  writeFileSync(join(directory, 'bad.json'), text);
  expect((await records.load()).sound).toEqual([record()]);
  expect(readdirSync(directory)).toContain('bad.json');
  expect((await records.load()).damaged).toEqual(['bad']); // and nothing else of that name may be touched
});

test('a sandbox of a version without uplinks is behind slirp4netns, which leads out, too', async () => {
  const records = openRecords(directory, log);
  const identity = { pid: 1, startTime: 1 };
  const old = {
    ...{ directory: '/s', bootId: 'boot', child: identity, forwarder: identity },
    ...{ hostAddress: '127.0.0.1', hostPort: 20_000, guestPort: 8888 },
  };
  const file = join(directory, 'abcabcabcabc.json');
  writeFileSync(file, JSON.stringify({ ...record(), sandbox: old }));
  const [loaded] = (await records.load()).sound;
  expect(loaded?.sandbox).toMatchObject({
    ...{ ...old, forwarderName: 'slirp4netns', uplink: null, uplinkName: null, routes: [] },
  });
});

test('a record under the name of another is damage, and neither is taken for the other', async () => {
  const records = openRecords(directory, log);
  await records.save(record());
  writeFileSync(join(directory, 'dadadadadada.json'), JSON.stringify(record()));
  expect(await records.load()).toEqual({ sound: [record()], damaged: ['dadadadadada'] });
});

test('a write that was cut short by a crash is not a record', async () => {
  const records = openRecords(directory, log);
  await records.save(record());
  writeFileSync(join(directory, 'abcabcabcabc.json.next'), '{"id"');
  writeFileSync(join(directory, 'notes.json.next'), 'of somebody else');
  expect((await records.load()).sound).toEqual([record()]);
  expect(readdirSync(directory).sort()).toEqual(['abcabcabcabc.json', 'notes.json.next']);
});

test('what the disk did not take is told as that, and made good when it can be written again', async () => {
  const records = openRecords(join(directory, 'records'), log); // not mounted yet
  const failed = {
    code: 'STORAGE_FAILED',
    message: expect.stringContaining('the record of ann'),
    server: 'ann',
  };
  await expect(records.save(record())).rejects.toMatchObject(failed);
  await expect(records.save(record({ state: 'ready' }))).rejects.toMatchObject(failed);
  await expect(records.remove('dadadadadada')).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
  expect(await records.catchUp()).toBe(2);
  mkdirSync(join(directory, 'records'));
  writeFileSync(join(directory, 'records', 'dadadadadada.json'), 'of a server that is gone');
  expect(await records.catchUp()).toBe(0);
  expect(readdirSync(join(directory, 'records'))).toEqual(['abcabcabcabc.json']);
  expect((await records.load()).sound).toEqual([record({ state: 'ready' })]);
});

test('servers whose names run together have different ids', () => {
  const key = (user: string, name: string) => recordId({ hub: 'hub', user, name }, 'spawn-1');
  expect(key('a-b', 'c')).not.toBe(key('a', 'b-c'));
  expect(key('a', '')).not.toBe(key('', 'a'));
  expect(key('a', 'b')).toMatch(/^[0-9a-f]{12}$/);
});
