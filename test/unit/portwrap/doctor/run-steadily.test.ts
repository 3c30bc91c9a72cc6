// Which probes of the doctor run again, with a machine whose mounts are given. Not here: the probes (doctor.test.ts).
import { expect, test } from 'vitest';
import { runSteadily } from '../../../../portwrap/doctor/run-steadily.ts';

test.each([
  ['one that succeeds runs once, whatever changes', [0], ['a', 'b'], 0, 1],
  ['one that fails while nothing changes runs once', [1], ['a', 'a'], 1, 1],
  ['one that fails while mounts change runs again', [1, 0], ['a', 'b', 'b', 'b'], 0, 2],
  ['one that fails again while nothing changes has failed', [1, 1], ['a', 'b', 'b', 'b'], 1, 2],
  ['one that always fails while mounts change ends', [1, 1, 1], ['a', 'b', 'c', 'd', 'e', 'f'], 1, 3],
])('%s', async (_, codes, mounts, code, runs) => {
  let ran = 0;
  let read = 0;
  const run = async () => ({ code: codes[ran++] ?? 0, output: '' });
  const done = await runSteadily(run as never, { readMounts: () => mounts[read++] ?? '', tries: 3 });
  expect([done.code, ran]).toEqual([code, runs]);
});
