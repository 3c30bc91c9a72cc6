import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { hastenMoves } from '../../../../portwrap/cgroups/hasten.ts';

const directory = mkdtempSync(join(tmpdir(), 'hasten-'));
afterAll(() => rmSync(directory, { recursive: true }));

test('it writes this process into its own group', async () => {
  const procs = join(directory, 'cgroup.procs');
  writeFileSync(procs, '');
  await hastenMoves(() => ({ v1: {}, v2: { mount: '/', own: directory } }));
  expect(readFileSync(procs, 'utf8')).toBe(String(process.pid));
});

test('no group of this process changes', async () => {
  const groups = () => readFileSync('/proc/self/cgroup', 'utf8');
  const before = groups();
  await hastenMoves();
  expect(groups()).toBe(before);
});

test.each([
  { where: 'the group cannot be written', own: join(directory, 'none') },
  { where: 'there is none', own: null },
])('where $where nothing fails', async ({ own }) => {
  const v2 = own === null ? null : { mount: '/', own };
  await expect(hastenMoves(() => ({ v1: {}, v2 }))).resolves.toBeUndefined();
});
