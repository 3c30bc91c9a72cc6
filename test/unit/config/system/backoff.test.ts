import { expect, test } from 'vitest';
import { backoff } from '../../../../config/system/backoff.ts';

test('pauses double up to the longest, and then stay there', () => {
  const nextPause = backoff(100, 500);
  expect(Array.from({ length: 5 }, nextPause)).toEqual([100, 200, 400, 500, 500]);
});
