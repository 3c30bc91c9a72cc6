import { expect, test } from 'vitest';
import {
  editList,
  encodedEdits,
  fieldsByName,
  notModifiedEdits,
  varyEdits,
} from '../../../../../proxy/front/compress/encoded-fields.ts';

const encoded = (...list: string[]) => editList(list, encodedEdits(fieldsByName(list), 'br'));
const varied = (...list: string[]) => editList(list, varyEdits(fieldsByName(list)));
const confirmed = (ifNoneMatch: string | undefined, ...list: string[]) =>
  editList(list, notModifiedEdits(fieldsByName(list), ifNoneMatch));

test('what describes the bytes is dropped, the rest stays in its order and spelling', () => {
  const kept = ['X-A', '1', 'Content-TYPE', 'text/css', 'Last-Modified', 'then', 'x-a', '2'];
  const dropped = [
    'Content-Length',
    'Content-MD5',
    'Digest',
    'Content-Digest',
    'Repr-Digest',
    'Accept-Ranges',
  ];
  const list = [...dropped.flatMap((name) => [name, 'x']), ...kept];
  expect(encoded(...list)).toEqual([...kept, 'Content-Encoding', 'br', 'Vary', 'Accept-Encoding']);
});

test.each([
  ['"abc"', 'W/"abc"'],
  ['W/"abc"', 'W/"abc"'],
])('the validator %s becomes %s', (before, after) => {
  expect(encoded('ETag', before)).toEqual(expect.arrayContaining(['ETag', after]));
});

test.each([
  [
    ['Vary', 'Origin'],
    ['Vary', 'Origin, Accept-Encoding'],
  ],
  [
    ['vary', 'accept-encoding'],
    ['vary', 'accept-encoding'],
  ],
  [
    ['Vary', '*'],
    ['Vary', '*'],
  ],
  [
    ['Vary', 'Origin', 'X', 'y', 'Vary', 'Accept'],
    ['Vary', 'Origin, Accept, Accept-Encoding', 'X', 'y'],
  ],
  [[], ['Vary', 'Accept-Encoding']],
])('%j with Vary is %j', (before, after) => {
  expect(varied(...before)).toEqual(after);
});

test.each([
  ['W/"a"', '"a"', 'W/"a"'],
  ['W/"b", W/"a"', '"a"', 'W/"a"'],
  ['"a"', '"a"', '"a"'],
  ['W/"a", "a"', '"a"', '"a"'],
  ['W/"b"', '"a"', '"a"'],
  ['*', '"a"', '"a"'],
  [undefined, '"a"', '"a"'],
  ['W/"a"', 'W/"a"', 'W/"a"'],
])('a 304 for If-None-Match %s with the tag %s has the tag %s', (asked, tag, expected) => {
  expect(confirmed(asked, 'ETag', tag)).toEqual(['ETag', expected, 'Vary', 'Accept-Encoding']);
});
