import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { logTail } from '../../../../spawner/logs/tail.ts';

const directory = mkdtempSync(join(tmpdir(), 'log-'));
afterAll(() => rmSync(directory, { recursive: true }));

test.each([
  ['only the last lines, oldest first', 'a\nb\nc\nd\n', 2, ['c', 'd']],
  ['empty lines are left out', 'a\n\n\nb\n', 5, ['a', 'b']],
  ['a last line without its end counts', 'a\nb', 5, ['a', 'b']],
  ['control characters do not get through', 'a\x1b[31mred\x07\n', 5, ['a [31mred']],
  ['an empty log has no lines', '', 5, []],
])('%s', (_title, text, lines, expected) => {
  const path = join(directory, 'log');
  writeFileSync(path, text);
  expect(logTail(path, lines)).toEqual(expected);
});

test('a log that is not there has no lines', () => {
  expect(logTail(join(directory, 'none'), 5)).toEqual([]);
});

test('a long line is cut, and of a large log only the end is read', () => {
  const path = join(directory, 'large');
  writeFileSync(path, `${'x'.repeat(1_000_000)}\n${'y'.repeat(2000)}\n`);
  expect(logTail(path, 1)).toEqual(['y'.repeat(500)]);
});
