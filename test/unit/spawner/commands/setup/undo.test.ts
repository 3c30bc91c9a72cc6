// What setup --undo takes back of files, in a directory of the test. Not here: units and hubs (test/integration/setup).
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { digestOf } from '../../../../../spawner/commands/setup/apply/files.ts';
import { openJournal } from '../../../../../spawner/commands/setup/apply/journal.ts';
import { takeBack, toTakeBack } from '../../../../../spawner/commands/setup/apply/undo.ts';
import { withBlock } from '../../../../../spawner/commands/setup/plan/block.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'undo-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const place = (name: string, text: string) => {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
};
const textOf = (path: string) => readFileSync(path, 'utf8');

test('a file that setup made is removed, unless it was changed since', async () => {
  const [same, changed] = [place('same', 'ours'), place('changed', 'edited')];
  expect(await takeBack({ kind: 'file', path: same, digest: digestOf('ours') })).toBeNull();
  expect(await takeBack({ kind: 'file', path: changed, digest: digestOf('ours') })).toContain(
    'which was changed',
  );
  expect([existsSync(same), existsSync(changed)]).toEqual([false, true]);
});

test('a replaced file is restored; one that was changed since loses our block only', async () => {
  const written = withBlock('c.A = 1', 'c.B = 2\n');
  const same = place('same', written);
  const changed = place('changed', `${written}c.C = 3\n`);
  for (const path of [same, changed]) {
    const copy = place('copy', 'c.A = 1');
    expect(await takeBack({ kind: 'copy', path, copy, digest: digestOf(written) })).toBeNull();
    expect(existsSync(copy)).toBe(false);
  }
  expect(textOf(same)).toBe('c.A = 1');
  expect(textOf(changed)).toBe('c.A = 1\nc.C = 3\n');
});

test('a directory goes only when it is empty, and what was never made is no failure', async () => {
  const path = join(directory, 'made');
  expect(await takeBack({ kind: 'directory', path })).toBeNull();
  mkdirSync(path);
  const file = place('made/other', '');
  expect(await takeBack({ kind: 'directory', path })).toContain('not empty');
  rmSync(file);
  expect(await takeBack({ kind: 'directory', path })).toBeNull();
  expect(await takeBack({ kind: 'file', path: file, digest: null })).toBeNull();
  expect(await takeBack({ kind: 'tree', path })).toBeNull();
});

test('the journal keeps each change once, and refuses a file that is none', async () => {
  const path = join(directory, 'setup.json');
  const journal = openJournal(path);
  const entry = { kind: 'directory', path: '/x' } as const;
  await journal.add(entry);
  await journal.add(entry);
  expect(openJournal(path).entries).toEqual([entry]);
  writeFileSync(path, '{"version": 2}');
  expect(() => openJournal(path)).toThrow(expect.objectContaining({ code: 'SETUP_REFUSED' }));
});

test('a hub that setup has made is not started again after an upgrade of it; another one is', () => {
  const unit = {
    kind: 'file',
    path: '/etc/systemd/system/jupyterhub.service',
    digest: digestOf('ours'),
  } as const;
  const restarted = { kind: 'hub', unit: 'jupyterhub.service' } as const;
  expect(toTakeBack([unit, restarted])).toEqual([unit]);
  expect(toTakeBack([restarted])).toEqual([restarted]);
});
