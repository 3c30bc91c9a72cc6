import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { untrusted } from '../../../../portwrap/preload/trusted.ts';

const own = process.getuid?.() ?? 0;

/** Below /tmp, which has the sticky bit: an own directory there is trusted. */
function made(): string {
  const directory = mkdtempSync(join(tmpdir(), 'trusted-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  mkdirSync(join(directory, 'below'), { mode: 0o755 });
  writeFileSync(join(directory, 'below', 'file'), '', { mode: 0o644 });
  return directory;
}

test('a file that only its owner can write, below such directories, is trusted', () => {
  expect(untrusted(join(made(), 'below', 'file'), own)).toBeNull();
});

test.each([
  ['the file', 'below/file', 0o664],
  ['its directory', 'below', 0o775],
  ['a directory above', '', 0o777],
])('not when others can write %s', (_, path, mode) => {
  const directory = made();
  chmodSync(join(directory, path), mode);
  expect(untrusted(join(directory, 'below', 'file'), own)).toContain('can be written by others');
});

test('nor when the target of a symbolic link on the way is not', () => {
  const directory = made();
  symlinkSync('../bad', join(directory, 'below', 'link'));
  mkdirSync(join(directory, 'bad'));
  chmodSync(join(directory, 'bad'), 0o777);
  writeFileSync(join(directory, 'bad', 'file'), '');
  expect(untrusted(join(directory, 'below', 'link', 'file'), own)).toContain('/bad can be written by others');
});

test('nor a directory with the sticky bit as such: others could add files', () => {
  const directory = made();
  chmodSync(join(directory, 'below'), 0o1777);
  expect(untrusted(join(directory, 'below'), own)).toContain('can be written by others');
});

test('nor what loops, or is not there', () => {
  const directory = made();
  symlinkSync('loop', join(directory, 'loop'));
  expect(untrusted(join(directory, 'loop'), own)).toContain('too many symbolic links');
  expect(untrusted(join(directory, 'missing'), own)).toContain('cannot be examined (ENOENT)');
});
