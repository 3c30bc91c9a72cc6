import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { makeDirectory } from '../../../../spawner/system/make-directory.ts';

const directory = mkdtempSync(join(tmpdir(), 'make-directory-'));
afterAll(() => rmSync(directory, { recursive: true }));

test('makes what is missing above it too, and leaves alone what is there', () => {
  const path = join(directory, 'a/b/c');
  makeDirectory(path, 0o700);
  makeDirectory(path, 0o755);
  expect(statSync(path).mode & 0o777).toBe(0o700);
});

test('ends with an error where nothing can be made, instead of trying for ever', () => {
  expect(() => makeDirectory('/proc/none/deeper', 0o700)).toThrow('ENOENT');
  expect(() => makeDirectory('/dev/null/none', 0o700)).toThrow('ENOTDIR');
});
