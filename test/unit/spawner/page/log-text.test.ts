// Logs for people: what a terminal would obey is not shown, and what was written is.
import { expect, test } from 'vitest';
import { createLogCleaner } from '../../../../spawner/page/log-text.ts';

const clean = (...chunks: string[]) => {
  const cleaner = createLogCleaner();
  return chunks.map((chunk) => cleaner(Buffer.from(chunk, 'latin1'))).join('');
};

test.each([
  ['colours', '\x1b[1;31mred\x1b[0m', 'red'],
  ['titles', '\x1b]0;title\x07text', 'text'],
  ['links', '\x1b]8;;http://evil\x1b\\text\x1b]8;;\x1b\\', 'text'],
  ['bells and backspaces', 'a\x07b\x08c\x00', 'abc'],
  ['a line that is drawn anew', '10%\r20%\r\nend\n', '10%\n20%\nend\n'],
  ['tabs and lines, which stay', 'a\tb\n', 'a\tb\n'],
])('%s', (_, written, shown) => {
  expect(clean(written)).toBe(shown);
});

test.each([
  ['a colour', '\x1b[1;31mred\x1b[0m'],
  ['a title', 'a\x1b]0;title\x07b'],
  ['a letter of several bytes', Buffer.from('naïve €').toString('latin1')],
  ['a line end', 'a\r\nb'],
])('%s that is cut anywhere is shown as if it were whole', (_, written) => {
  for (let at = 1; at < written.length; at += 1) {
    expect(clean(written.slice(0, at), `${written.slice(at)}.`), `cut at ${at}`).toBe(clean(`${written}.`));
  }
});
