// squeue's answers: from what is not as expected nothing follows, one job hides no other, and no user can write a line of another's job.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  createQueueWatch,
  type QueueObservation,
} from '../../../../../spawner/launchers/slurm/scheduler/queue-watch.ts';
import {
  jobsBefore,
  parseNumbers,
  parseQueue,
  squeueArgv,
} from '../../../../../spawner/launchers/slurm/scheduler/squeue.ts';

test('a job that runs and one that waits are read with what Slurm knows of them', () => {
  expect(
    parseQueue(
      '12|RUNNING|None|n1|main|4294901759|1795472176|1795472476\n13|PENDING|ReqNodeNotAvail, UnavailableNodes:n1|n/a|main|7|N/A|N/A\n',
    ).jobs,
  ).toEqual([
    {
      ...{ id: '12', state: 'RUNNING', reason: 'None', node: 'n1', partition: 'main' },
      ...{ priority: 4_294_901_759, start: 1_795_472_176, end: 1_795_472_476 },
    },
    {
      ...{ id: '13', state: 'PENDING', reason: 'ReqNodeNotAvail, UnavailableNodes:n1', node: null },
      ...{ partition: 'main', priority: 7, start: null, end: null },
    },
  ]);
});

test.each([
  ['12|RUNNING|None|n1|main|1|2'],
  ['twelve|RUNNING|None|n1|main|1|2|3'],
  ['slurm_load_jobs error: Unable to contact slurm controller (connect failure)'],
])('%s is no answer', (line) => {
  expect(() => parseQueue(`1|RUNNING|None|n1|main|1|2|3\n${line}\n`)).toThrow('unexpected output of squeue');
});

test.each([
  ['an array with a step', '1234_[0-1000:4]'],
  ['an array with a limit', '1234_[0-9%2]'],
  ['an array whose list was cut at 64 bytes', '1234_[1,3,5,7,9,...]'],
  ['a task of an array', '1234_7'],
  ['a part of a heterogeneous job', '123+1'],
  ['a step', '123.batch'],
  ['a reason without bound', '14', `UnavailableNodes:${'n'.repeat(5000)}`],
])(
  '%s of whatever user hides no other job, and counts as one that waits',
  (_what, id, reason = 'Priority') => {
    const { jobs } = parseQueue(
      `${id}|PENDING|${reason}|n/a|main|9|N/A|N/A\n2000|PENDING|None|n/a|main|1|2|3\n`,
    );
    expect(jobs.map((job) => job.id)).toEqual([id, '2000']);
    expect(jobsBefore(jobs).get('2000')).toBe(1);
  },
);

test.each([
  ['12|RUNNING|None|n1|main|1|2|3|4'],
  ['12|running|None|n1|main|1|2|3'],
  ['12|RUNNING|None|n1|main|high|2|3'],
])('from %s nothing follows for that job, and for the others what is known of them', async (line) => {
  const watch = createQueueWatch(
    { queue: async () => parseQueue(`${line}\n7|RUNNING|None|n1|main|1|2|3\n`) },
    1000,
  );
  const seen = await Promise.all(
    ['12', '7', '8'].map((id) => new Promise<QueueObservation>((resolve) => watch.watch(id, resolve))),
  );
  watch.close();
  expect(seen.map(({ kind }) => kind)).toEqual(['unknown', 'seen', 'absent']);
});

test('no field is asked for that holds text of a user: name, comment, directory, command', () => {
  const format = squeueArgv.find((word) => word.startsWith('--format='));
  expect(format).not.toMatch(/%\.?\d*[jkoZ]/);
});

test('whatever squeue says, it is parsed or refused by an error that names it', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        for (const { state } of parseQueue(text).jobs) expect(state).toMatch(/^[A-Z_]+$/);
      } catch (error) {
        expect(String(error)).toContain('unexpected output of squeue');
      }
    }),
  );
});

describe('jobs before a pending one', () => {
  const { jobs } = parseQueue(
    [
      ...['10|PENDING|Priority|n/a|main|5|N/A|N/A', '11|PENDING|Priority|n/a|main|9|N/A|N/A'],
      ...['12|PENDING|Priority|n/a|main|5|N/A|N/A', '13|PENDING|Priority|n/a|gpu|1|N/A|N/A'],
      '14|RUNNING|None|n1|main|99|1|2',
    ].join('\n'),
  );
  const before = jobsBefore(jobs);

  test.each([
    ['the highest priority', '11', 0],
    ['the older of two with the same priority', '10', 1],
    ['the younger one', '12', 2],
    ['alone in its partition', '13', 0],
    ['one that runs', '14', undefined],
  ])('%s', (_what, id, count) => {
    expect(before.get(id)).toBe(count);
  });
});

test('the numbers of the jobs of a name, arrays of others apart', () => {
  expect(parseNumbers('7|PENDING\n9_[1-3:2]|PENDING\n8|CANCELLED\n')).toEqual([
    { id: '7', state: 'PENDING' },
    { id: '8', state: 'CANCELLED' },
  ]);
  expect(() => parseNumbers('seven|PENDING')).toThrow('unexpected output of squeue');
});
