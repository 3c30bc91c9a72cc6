// The files and values of limits and shares in both versions, as the kernel's documentation has them.
import { expect, test } from 'vitest';
import { noLimits } from '../../../../portwrap/cgroups/limits.ts';
import { limitSettings, totalSettings } from '../../../../portwrap/cgroups/settings.ts';

const version2 = { version: 2, directories: { unified: '/g' } } as const;
const version1 = {
  version: 1,
  directories: { memory: '/m', cpu: '/c', pids: '/p', cpuacct: '/a', blkio: '/b' },
} as const;

const lines = (settings: ReturnType<typeof limitSettings>) =>
  settings.map(({ file, value, optional }) => `${file}${optional ? '?' : ''} ${value}`);

const shares = { ...noLimits, memoryHigh: 2 ** 29, cpuWeight: 200, ioWeight: 50 };

test('version 2: weights are written as they are, the soft limit to memory.high', () => {
  expect(lines(limitSettings(version2, shares))).toEqual([
    '/g/memory.high 536870912',
    '/g/cpu.weight 200',
    '/g/io.weight? default 50',
    '/g/io.bfq.weight? 50',
  ]);
});

test('version 1: a weight of 100 is 1024 shares, and the soft limit is the one of its kind', () => {
  expect(lines(limitSettings(version1, shares))).toEqual([
    '/m/memory.soft_limit_in_bytes 536870912',
    '/c/cpu.shares 2048',
    '/b/blkio.bfq.weight? 50',
    '/b/blkio.weight? 250',
  ]);
});

test('the ends of the range of weights are within those of each file', () => {
  const of = (weight: number) =>
    [version2, version1].flatMap((place) =>
      lines(limitSettings(place, { ...noLimits, cpuWeight: weight, ioWeight: weight })),
    );
  expect(of(1)).toEqual([
    ...['/g/cpu.weight 1', '/g/io.weight? default 1', '/g/io.bfq.weight? 1'],
    ...['/c/cpu.shares 10', '/b/blkio.bfq.weight? 1', '/b/blkio.weight? 10'],
  ]);
  expect(of(10_000)).toEqual([
    ...['/g/cpu.weight 10000', '/g/io.weight? default 10000', '/g/io.bfq.weight? 1000'],
    ...['/c/cpu.shares 102400', '/b/blkio.bfq.weight? 1000', '/b/blkio.weight? 1000'],
  ]);
});

test('without limits and shares nothing is written', () => {
  expect([...limitSettings(version2, noLimits), ...limitSettings(version1, noLimits)]).toEqual([]);
});

test('all together: limits are set, and null takes them away', () => {
  const total = { memory: 2 ** 30, cpus: 1.5, processes: 500 };
  const none = { memory: null, cpus: null, processes: null };
  expect(lines(totalSettings(version2, total))).toEqual([
    ...['/g/memory.max 1073741824', '/g/memory.swap.max? 0', '/g/cpu.max 150000 100000', '/g/pids.max 500'],
  ]);
  expect(lines(totalSettings(version2, none))).toEqual([
    ...['/g/memory.max max', '/g/memory.swap.max? max', '/g/cpu.max max 100000', '/g/pids.max max'],
  ]);
  expect(lines(totalSettings(version1, total))).toEqual([
    ...['/m/memory.memsw.limit_in_bytes? -1', '/m/memory.limit_in_bytes 1073741824'],
    '/m/memory.memsw.limit_in_bytes? 1073741824',
    ...['/c/cpu.cfs_period_us 100000', '/c/cpu.cfs_quota_us 150000', '/p/pids.max 500'],
  ]);
  expect(lines(totalSettings(version1, none))).toContain('/c/cpu.cfs_quota_us -1');
});
