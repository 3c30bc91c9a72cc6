// squeue's answers: what is not as expected is no answer, and no user can write a line of another's job.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  jobsBefore,
  parseNumbers,
  parseQueue,
  squeueArgv,
} from '../../../../spawner/launchers/slurm/squeue.ts';

test('a job that runs and one that waits are read with what Slurm knows of them', () => {
  expect(
    parseQueue(
      '12|RUNNING|None|n1|main|4294901759|1795472176|1795472476\n13|PENDING|ReqNodeNotAvail, UnavailableNodes:n1|n/a|main|7|N/A|N/A\n',
    ),
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
  ['12|RUNNING|None|n1|main|1|2|3|4'],
  ['twelve|RUNNING|None|n1|main|1|2|3'],
  ['12|running|None|n1|main|1|2|3'],
  ['12|RUNNING|None|n1|main|high|2|3'],
  ['slurm_load_jobs error: Unable to contact slurm controller (connect failure)'],
])('%s is no answer', (line) => {
  expect(() => parseQueue(`1|RUNNING|None|n1|main|1|2|3\n${line}\n`)).toThrow('squeue said');
});

test('no field is asked for that holds text of a user: name, comment, directory, command', () => {
  const format = squeueArgv.find((word) => word.startsWith('--format='));
  expect(format).not.toMatch(/%\.?\d*[jkoZ]/);
});

test('whatever squeue says, it is parsed or refused by an error that names it', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        for (const entry of parseQueue(text)) expect(entry.state).toMatch(/^[A-Z_]+$/);
      } catch (error) {
        expect(String(error)).toContain('squeue said');
      }
    }),
  );
});

describe('jobs before a pending one', () => {
  const queue = parseQueue(
    [
      ...['10|PENDING|Priority|n/a|main|5|N/A|N/A', '11|PENDING|Priority|n/a|main|9|N/A|N/A'],
      ...['12|PENDING|Priority|n/a|main|5|N/A|N/A', '13|PENDING|Priority|n/a|gpu|1|N/A|N/A'],
      '14|RUNNING|None|n1|main|99|1|2',
    ].join('\n'),
  );
  const before = jobsBefore(queue);

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

test('the numbers of the jobs of a name', () => {
  expect(parseNumbers('7|PENDING\n8|CANCELLED\n')).toEqual([
    { id: '7', state: 'PENDING' },
    { id: '8', state: 'CANCELLED' },
  ]);
  expect(() => parseNumbers('7_[1-3]|PENDING')).toThrow('squeue said');
});
