import { expect, test } from 'vitest';
import { chooseEncoding } from '../../../../../proxy/front/compress/accept-encoding.ts';

test.each([
  [undefined, undefined],
  ['', undefined],
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['GZIP', 'gzip'],
  ['gzip, deflate, br, zstd', 'zstd'],
  ['gzip, deflate, br', 'br'],
  ['deflate', undefined],
  ['identity', undefined],
  ['*', 'zstd'],
  ['*;q=0', undefined],
  ['br;q=0, *', 'zstd'],
  ['zstd;q=0, br;q=0, *', 'gzip'],
  ['gzip;q=1.0, br;q=0.5', 'gzip'],
  ['gzip;q=0.5, br;q=0.5', 'br'],
  ['gzip; q=0.001', 'gzip'],
  ['gzip;q=0', undefined],
  ['gzip;q=0.0', undefined],
  ['identity;q=1, gzip;q=0.5', undefined],
  ['identity, gzip', 'gzip'],
  ['identity;q=0.5, gzip;q=1', 'gzip'],
  ['identity;q=0', undefined],
  ['identity;q=0, gzip;q=0.1', 'gzip'],
  ['identity;q=0, *;q=0', undefined],
  ['gzip;q=2', undefined],
  ['gzip;q=high', undefined],
  ['gzip;q', undefined],
  ['gzip;level=9', undefined],
  [', ,gzip,', 'gzip'],
  ['gzip\t;\tq=1', 'gzip'],
  ['brotli, gzipped', undefined],
])('Accept-Encoding %j gets %j', (field, encoding) => {
  expect(chooseEncoding(field, ['zstd', 'br', 'gzip'])).toBe(encoding);
});

test('a coding that this Node does not know is not chosen', () => {
  expect(chooseEncoding('zstd', ['br', 'gzip'])).toBeUndefined();
  expect(chooseEncoding('zstd, gzip;q=0.1', ['br', 'gzip'])).toBe('gzip');
});
