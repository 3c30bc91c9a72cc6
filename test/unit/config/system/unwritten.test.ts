import { expect, test } from 'vitest';
import { unwritten } from '../../../../config/system/unwritten.ts';

test.each([
  ['nothing of two lines', 'ab\ncd\n', 0, false, '', 2],
  ['a part of the first line', 'ab\ncd\n', 1, false, 'b\n', 1],
  ['a line without its end', 'ab\ncd\n', 2, false, '\n', 1],
  ['the first line', 'ab\ncd\n', 3, false, '', 1],
  ['all but the last end', 'ab\ncd\n', 5, false, '\n', 0],
  ['everything', 'ab\ncd\n', 6, false, '', 0],
  ['nothing, after a torn line', 'b\ncd\n', 0, true, 'b\n', 1],
  ['the rest of the torn line', 'b\ncd\n', 2, true, '', 1],
])(
  'when %s is written, the rest of a torn line comes first and whole lines are counted',
  (_what, text, written, startsTorn, torn, lines) => {
    const left = unwritten(Buffer.from(text), written, startsTorn);
    expect({ torn: left.torn.toString(), lines: left.lines }).toEqual({ torn, lines });
  },
);
