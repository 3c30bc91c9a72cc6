// The limits of all sandboxes together, on a fake: plain directories in the place of the kernel's file system.
// The real one is asked in test/integration/spawner/servers/shares.test.ts.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createCgroup } from '../../../../portwrap/cgroups/cgroup.ts';
import { noLimits } from '../../../../portwrap/cgroups/limits.ts';
import type { CgroupRoot } from '../../../../portwrap/cgroups/root.ts';
import { applyTotal } from '../../../../portwrap/cgroups/total.ts';

let fake: string;
beforeEach(() => {
  fake = mkdtempSync(join(tmpdir(), 'cgroup-total-'));
});
afterEach(() => rmSync(fake, { recursive: true }));

const read = (...path: string[]) => readFileSync(join(fake, ...path), 'utf8');
const write = (text: string, ...path: string[]) => {
  mkdirSync(join(fake, ...path, '..'), { recursive: true });
  writeFileSync(join(fake, ...path), text);
};
const nothing = { memory: null, cpus: null, processes: null };

function version1(): CgroupRoot {
  for (const name of ['memory', 'cpu', 'pids']) mkdirSync(join(fake, name), { recursive: true });
  return {
    version: 1,
    directories: { memory: join(fake, 'memory'), cpu: join(fake, 'cpu'), pids: join(fake, 'pids') },
    hint: '',
  };
}

function version2(): CgroupRoot {
  const servers = join(fake, 'servers');
  mkdirSync(servers, { recursive: true });
  return { version: 2, directories: { memory: servers, cpu: servers, pids: servers }, hint: '' };
}

test('without limits nothing is written, and what an earlier configuration has set is taken away', async () => {
  await applyTotal(version2(), nothing);
  expect(existsSync(join(fake, 'servers/pids.max'))).toBe(false);
  write('500\n', 'servers/pids.max');
  await applyTotal(version2(), nothing);
  expect([read('servers/pids.max'), read('servers/memory.max'), read('servers/cpu.max')]).toEqual([
    ...['max', 'max', 'max 100000'],
  ]);
});

test('a missing controller is a refusal that names it', async () => {
  const root = { version: 2, directories: {}, hint: 'Mount it.' } as const;
  await expect(applyTotal(root, { ...nothing, processes: 500 })).rejects.toMatchObject({
    code: 'LIMITS_UNAVAILABLE',
    message: expect.stringContaining('pids'),
    hint: 'Mount it.',
  });
});

test('version 1: servers with more CPUs than all may have get as many, as the kernel demands', async () => {
  const root = version1();
  for (const [name, quota] of [
    ['large', '300000'],
    ['small', '50000'],
    ['free', '-1'],
  ] as const) {
    write('100000\n', 'cpu', name, 'cpu.cfs_period_us');
    write(`${quota}\n`, 'cpu', name, 'cpu.cfs_quota_us');
  }
  await applyTotal(root, { ...nothing, cpus: 1 });
  const quotas = ['large', 'small', 'free'].map((name) => read('cpu', name, 'cpu.cfs_quota_us').trim());
  expect(quotas).toEqual(['100000', '50000', '-1']);
  createCgroup(root, 'later', { ...noLimits, cpus: 4 });
  expect(read('cpu/later/cpu.cfs_quota_us')).toBe('100000');
});

test('version 1: a kernel that counts memory in each group alone is told to add it up', async () => {
  const root = version1();
  write('0\n', 'memory/memory.use_hierarchy');
  await applyTotal(root, { ...nothing, memory: 2 ** 30 });
  expect(read('memory/memory.use_hierarchy')).toBe('1');
});

test.each([1, 2] as const)(
  'version %i: a limit below what is in use, page cache aside, is not set: the kernel would end servers',
  async (version) => {
    const root = version === 1 ? version1() : version2();
    const [directory, file] = version === 1 ? ['memory', 'memory.limit_in_bytes'] : ['servers', 'memory.max'];
    write(`${300 * 2 ** 20}\n`, directory, version === 1 ? 'memory.usage_in_bytes' : 'memory.current');
    const stat = (cache: number, shared: number) => {
      const [name, of] = version === 1 ? ['total_cache', 'total_shmem'] : ['file', 'shmem'];
      write(`anon 1\n${name} ${cache * 2 ** 20}\n${of} ${shared * 2 ** 20}\n`, directory, 'memory.stat');
    };
    stat(200, 150);
    const limits = { ...nothing, memory: 200 * 2 ** 20 };
    await expect(applyTotal(root, limits)).rejects.toMatchObject({
      message: expect.stringContaining('the servers use 250M'),
    });
    expect(existsSync(join(fake, directory, file))).toBe(false);
    stat(200, 50);
    await applyTotal(root, limits);
    expect(read(directory, file)).toBe(String(200 * 2 ** 20));
  },
);

test('while the limits of all do not hold, no group is made', () => {
  const refusal = Object.assign(new Error('in use'), { code: 'LIMITS_UNAVAILABLE' }) as never;
  expect(() => createCgroup({ ...version2(), refusal }, 'one', noLimits)).toThrow('in use');
});

test('a weight for disks that this kernel does not have is refused, and leaves no group', () => {
  const servers = join(fake, 'servers');
  mkdirSync(servers);
  const root: CgroupRoot = { version: 2, directories: { io: servers }, hint: '' };
  expect(() => createCgroup(root, 'one', { ...noLimits, ioWeight: 50 })).toThrow(
    expect.objectContaining({ code: 'LIMITS_UNAVAILABLE', message: expect.stringContaining('io_weight') }),
  );
  expect(existsSync(join(servers, 'one'))).toBe(false);
});
