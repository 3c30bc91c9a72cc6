// How many resets a connection may send: a page's requests at once, and few per second.
import { expect, test } from 'vitest';
import { resetBudget } from '../../../../../proxy/front/http2/reset-budget.ts';

test('two hundred resets at once are allowed, then twenty per second', () => {
  let now = 0;
  const spend = resetBudget(() => now);
  const allowed = () => {
    let count = 0;
    while (spend()) count++;
    return count;
  };
  expect(allowed()).toBe(200);
  now += 10_000;
  expect(allowed()).toBeGreaterThanOrEqual(198);
  now += 3_600_000;
  expect(allowed()).toBe(200);
});
