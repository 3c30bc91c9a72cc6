// What is left of queue_timeout after a restart of the service.
import { expect, test } from 'vitest';
import { secondsLeft } from '../../../../spawner/launchers/slurm/start-deadline.ts';
import type { JobPlace } from '../../../../spawner/record.ts';

const started = '2026-11-24T00:00:00.000Z';
const job = (queue_timeout: number | null): JobPlace => ({
  ...{ id: '7', node: null, host: null, port: null, ends_at: null },
  queue_timeout,
});

test.each([
  ['goes on from the request', 900, 300, 600],
  ['that has passed meanwhile leaves a job that has begun the time to say so', 900, 86_400, 20],
  ['is not longer after the clock was set back', 900, -86_400, 900],
])('queue_timeout %s', (_what, limit, elapsed, left) => {
  expect(secondsLeft({ job: job(limit), started }, Date.parse(started) + elapsed * 1000)).toBe(left);
});

test('without one, or without the number of its job, a start has no end of its own', () => {
  expect(secondsLeft({ job: job(null), started }, Date.now())).toBeNull();
  expect(secondsLeft({ job: null, started }, Date.now())).toBeNull();
});
