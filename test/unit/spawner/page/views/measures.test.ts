// Numbers as people read them.
import { expect, test } from 'vitest';
import {
  busyCpus,
  bytes,
  cpus,
  duration,
  moment,
  quick,
} from '../../../../../spawner/page/views/measures.ts';

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1536, '1.5 KiB'],
  [64 * 2 ** 20, '64 MiB'],
  [312.4 * 2 ** 20, '312 MiB'],
  [1.25 * 2 ** 30, '1.3 GiB'],
  [2 ** 31, '2 GiB'],
  [3000 * 2 ** 40, '3000 TiB'],
])('%d bytes are %s', (count, words) => expect(bytes(count)).toBe(words));

test.each([
  [-5, '0 s'],
  [999, '0 s'],
  [59_999, '59 s'],
  [60_000, '1 min'],
  [3_600_000, '1 h'],
  [11_100_000, '3 h 5 min'],
  [604_800_000, '7 d'],
  [198_000_000, '2 d 7 h'],
])('%d ms are %s', (milliseconds, words) => expect(duration(milliseconds)).toBe(words));

test.each([
  [8.4, '8 ms'],
  [340, '340 ms'],
  [1254, '1.25 s'],
  [75_400, '75 s'],
])('a step of %d ms took %s', (milliseconds, words) => expect(quick(milliseconds)).toBe(words));

test('busy CPUs have as many decimals at every moment, chosen ones as many as were written', () => {
  expect([0, 0.051, 1.5, 12].map(busyCpus)).toEqual(['0.00', '0.05', '1.50', '12.0']);
  expect([0.5, 2, 1.25].map(cpus)).toEqual(['0.5', '2', '1.25']);
});

test('a moment is told in UTC', () => {
  expect(moment(new Date('2026-01-31T15:05:59.123+01:00'))).toBe('2026-01-31 14:05:59 UTC');
});
