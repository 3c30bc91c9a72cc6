// Parsing the output of sstat. Not here: a real one (test/integration/slurm/usage.test.ts).
import { expect, test } from 'vitest';
import { parseUsage, sstatArgv } from '../../../../../spawner/launchers/slurm/scheduler/sstat.ts';

test('one call asks for all jobs, without units that round', () => {
  expect(sstatArgv(['1', '2'])).toEqual([
    ...['--noheader', '--parsable2', '--noconvert', '--allsteps'],
    ...['--jobs=1,2', '--format=JobID,NTasks,AveRSS,AveCPU'],
  ]);
});

test('the usage of a job is the sum of its steps, of which sstat has averages', () => {
  const output =
    '7.batch|1|1048576|00:00:02\n7.extern|1|4K|00:00.500\n7.0|2|1M|1-00:00:01\n8.batch|1|2.5M|01:02\n';
  expect(parseUsage(output)).toEqual(
    new Map([
      ['7', { memory: 1048576 + 4096 + 2 * 1048576, cpu: 2.5 + 2 * 86401 }],
      ['8', { memory: 2621440, cpu: 62 }],
    ]),
  );
});

test('what Slurm has not sampled is unknown, and a malformed line says nothing of others', () => {
  const output = '7.batch|1||\n\nsstat: error\n8.batch|x|1|00:01\n9.batch|1|16|00:01\n9|1|16|00:01\n';
  expect(parseUsage(output)).toEqual(
    new Map([
      ['7', { memory: null, cpu: null }],
      ['9', { memory: 16, cpu: 1 }],
    ]),
  );
});
