// The windows of all connections together are bounded, however many connections upload.
import { expect, test } from 'vitest';
import { windowPool } from '../../../../../proxy/front/http2/windows.ts';

test('a thousand connections get windows of 64 MB together, the first of them 8 MB, and give them back', () => {
  const pool = windowPool();
  const taken = Array.from({ length: 1000 }, () => pool.take());
  const mebibyte = 1024 * 1024;
  expect(taken[0]).toBe(8 * mebibyte);
  expect(taken.reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(64 * mebibyte);
  expect(taken.filter((one) => one > 0).length).toBeGreaterThan(20);
  for (const one of taken) pool.giveBack(one);
  expect(pool.take()).toBe(8 * mebibyte);
});
