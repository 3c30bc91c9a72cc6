// What is at paths of a user, as that user sees them. Not here: file systems that do not answer
// (integration/portwrap/faults.test.ts).
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createToolbox, lookAs } from '../../../../portwrap/index.ts';
import { needsRoot } from '../../../support/reasons.ts';

const base = mkdtempSync(join(tmpdir(), 'look-'));
afterAll(() => rmSync(base, { recursive: true }));
chmodSync(base, 0o755);
const at = (name: string) => join(base, name);
const odd = 'it\'s "a"\nb ';
mkdirSync(at(odd), { recursive: true });
mkdirSync(at('closed/below'), { recursive: true });
writeFileSync(at(`${odd}/file`), '');
symlinkSync(odd, at('link'));
chmodSync(at('closed'), 0o600);
const nobody = { name: 'nobody', uid: 65_534, gid: 65_534, home: '/', shell: '/bin/sh', listed: false };

async function look(account: typeof nobody | null, ...paths: string[]) {
  const found = await lookAs(createToolbox(), account)(paths);
  return paths.map((path) => found.get(path));
}

test('a directory and a file are found at their real path, in the order that was asked, also after a missing one', async () => {
  expect(await look(null, at('link'), at('gone'), at('link/file'), '/', at(`link/../${odd}`))).toEqual([
    { kind: 'directory', path: at(odd) },
    { kind: 'missing' },
    { kind: 'file', path: at(`${odd}/file`) },
    { kind: 'directory', path: '/' },
    { kind: 'directory', path: at(odd) },
  ]);
});

test('a directory that may not be entered is found; what is in it is refused', needsRoot, async () => {
  expect(await look(nobody, at('closed'), at('closed/below'))).toEqual([
    { kind: 'directory', path: at('closed') },
    { kind: 'refused', reason: 'Permission denied' },
  ]);
});
