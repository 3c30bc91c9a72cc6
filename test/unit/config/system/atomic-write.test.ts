// Replacing a file as a whole, on a real file system.
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeAtomically } from '../../../../config/system/atomic-write.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'atomic-write-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

test('a reader finds the old text or the new one, whole, while it is replaced', async () => {
  const file = join(directory, 'file');
  const texts = ['a', 'b'].map((letter) => letter.repeat(1_000_000));
  await writeAtomically(file, texts[0] ?? '');
  const seen = new Set<string>();
  let isDone = false;
  const writing = (async () => {
    for (let round = 0; round < 10; round += 1) await writeAtomically(file, texts[round % 2] ?? '');
    isDone = true;
  })();
  while (!isDone) {
    seen.add(readFileSync(file, 'utf8'));
    await new Promise(setImmediate);
  }
  await writing;
  expect([...seen].every((text) => texts.includes(text))).toBe(true);
  expect(readdirSync(directory)).toEqual(['file']);
});

test('only the account itself can read the file, whoever could read the old one', async () => {
  const file = join(directory, 'file');
  writeFileSync(file, 'old');
  chmodSync(file, 0o644);
  await writeAtomically(file, 'new');
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('a write that fails leaves the old file and nothing else', async () => {
  const file = join(directory, 'file');
  mkdirSync(join(file, 'in its place'), { recursive: true });
  await expect(writeAtomically(file, 'new')).rejects.toMatchObject({ code: expect.any(String) });
  expect(readdirSync(directory)).toEqual(['file']);
  expect(readdirSync(file)).toEqual(['in its place']);
});
