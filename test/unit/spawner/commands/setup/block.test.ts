// The marked block in a file of the administrator.
import { expect, test } from 'vitest';
import { blockIn, withBlock, withoutBlock } from '../../../../../spawner/commands/setup/plan/block.ts';

test.each(['', 'c.A = 1\n', '# a\n\nc.A = 1\n'])('taken out of %j, it leaves the file as it was', (file) => {
  const written = withBlock(file, 'c.B = 2\n');
  expect(blockIn(written)).toBe('c.B = 2\n');
  expect(withoutBlock(written)).toBe(file);
});

test('replaces an earlier one, and keeps what was added after it', () => {
  const edited = `${withBlock('c.A = 1\n', 'c.B = 2\n')}c.C = 3\n`;
  const again = withBlock(edited, 'c.B = 4\n');
  expect(blockIn(again)).toBe('c.B = 4\n');
  expect(withoutBlock(again)).toBe('c.A = 1\nc.C = 3\n');
});
