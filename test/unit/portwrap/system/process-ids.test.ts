import { expect, test } from 'vitest';
import { idsOf } from '../../../../portwrap/system/process.ts';

test('ids and groups are those in proc_pid_status(5)', () => {
  const status =
    'Name:\tx\nUid:\t1001\t1001\t1001\t1001\nGid:\t1002\t1002\t1002\t1002\nGroups:\t27 1002 \nNStgid:\t5\n';
  expect(idsOf(status)).toEqual({ uid: 1001, gid: 1002, groups: [27, 1002] });
});

test('a process without groups has none, and one that has ended no ids', () => {
  expect(idsOf('Uid:\t1\t1\t1\t1\nGid:\t1\t1\t1\t1\nGroups:\t \nNStgid:\t5\n')?.groups).toEqual([]);
  expect(idsOf('')).toBeNull();
});
