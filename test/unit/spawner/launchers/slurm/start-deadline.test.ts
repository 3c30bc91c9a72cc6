// What is left of queue_timeout after a restart of the service.
import { afterEach, expect, test, vi } from 'vitest';
import { createStartDeadline, secondsLeft } from '../../../../../spawner/launchers/slurm/start-deadline.ts';

const started = '2026-11-24T00:00:00.000Z';
afterEach(() => void vi.useRealTimers());

test.each([
  ['goes on from the request', 900, 300, 600],
  ['that has passed meanwhile leaves a job that has begun the time to say so', 900, 86_400, 20],
  ['is not longer after the clock was set back', 900, -86_400, 900],
])('queue_timeout %s', (_what, limit, elapsed, left) => {
  expect(secondsLeft({ queue_timeout: limit, started }, Date.parse(started) + elapsed * 1000)).toBe(left);
});

test('without one a start has no end of its own', () => {
  expect(secondsLeft({ queue_timeout: null, started }, Date.now())).toBeNull();
});

test('the longest that the configuration takes, 30 days, passes after 30 days and not before', async () => {
  vi.useFakeTimers();
  const late = createStartDeadline(2_592_000, '7');
  let error: unknown;
  late.passed.catch((reason: unknown) => {
    error = reason;
  });
  await vi.advanceTimersByTimeAsync(2_591_999_000);
  expect(error).toBeUndefined();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(error).toMatchObject({ code: 'JOB_NOT_STARTED' });
  expect(vi.getTimerCount()).toBe(0);
});

test('one that is cleared after its first 25 days leaves no timer behind', async () => {
  vi.useFakeTimers();
  const late = createStartDeadline(2_592_000, '7');
  await vi.advanceTimersByTimeAsync(2_200_000_000);
  expect(vi.getTimerCount()).toBe(1);
  late.clear();
  expect(vi.getTimerCount()).toBe(0);
});
