// What a sandbox sees of the control groups, as mounts: read-only, its own group in the machine's place.
import { expect, test } from 'vitest';
import { cgroupsInside } from '../../../../portwrap/cgroups/inside.ts';

const unified = [{ point: '/sys/fs/cgroup', controllers: [] }];
const version1 = ['memory', 'cpu,cpuacct', 'pids', 'freezer'].map((names) => ({
  point: `/sys/fs/cgroup/${names}`,
  controllers: names.split(','),
}));

test('version 2: the own group lies where programs look for the root', () => {
  const place = {
    version: 2,
    directories: { unified: '/sys/fs/cgroup/portwrap.slice/s.scope/servers/x' },
  } as const;
  expect(cgroupsInside(place, unified)).toEqual([
    { source: '/sys/fs/cgroup', target: '/sys/fs/cgroup' },
    { source: '/sys/fs/cgroup/portwrap.slice/s.scope/servers/x', target: '/sys/fs/cgroup' },
  ]);
});

test('version 1: each own group lies where its hierarchy is mounted; the others are the machine’s', () => {
  const directories = { memory: '/sys/fs/cgroup/memory/p/x', cpu: '/sys/fs/cgroup/cpu,cpuacct/p/x' };
  expect(cgroupsInside({ version: 1, directories }, version1)).toEqual([
    { source: '/sys/fs/cgroup', target: '/sys/fs/cgroup' },
    { source: '/sys/fs/cgroup/memory/p/x', target: '/sys/fs/cgroup/memory' },
    { source: '/sys/fs/cgroup/cpu,cpuacct/p/x', target: '/sys/fs/cgroup/cpu,cpuacct' },
  ]);
});

test('without a group of its own, a sandbox sees the machine’s, wherever they are mounted', () => {
  const elsewhere = [...unified, { point: '/mnt/groups', controllers: [] }];
  expect(cgroupsInside(null, elsewhere)).toEqual([
    { source: '/sys/fs/cgroup', target: '/sys/fs/cgroup' },
    { source: '/mnt/groups', target: '/mnt/groups' },
  ]);
  expect(cgroupsInside(null, [])).toEqual([]);
});
