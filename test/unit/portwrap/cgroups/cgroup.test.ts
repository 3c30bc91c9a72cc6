// Control groups of both versions, on a fake: plain directories in the place of the kernel's file system, since a
// machine has one version only. The real one is asked in test/integration/portwrap/options.test.ts.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  createCgroup,
  enterCgroup,
  readCgroupLimits,
  readUsage,
} from '../../../../portwrap/cgroups/cgroup.ts';
import { readHierarchies } from '../../../../portwrap/cgroups/hierarchies.ts';
import { noLimits } from '../../../../portwrap/cgroups/limits.ts';
import { type CgroupPlace, readCgroupPlace, saveCgroupPlace } from '../../../../portwrap/cgroups/place.ts';
import { openCgroups } from '../../../../portwrap/cgroups/root.ts';
import { findCgroupWay } from '../../../../portwrap/cgroups/way.ts';

let fake: string;
beforeEach(() => {
  fake = mkdtempSync(join(tmpdir(), 'cgroup-'));
});
afterEach(() => rmSync(fake, { recursive: true }));

const read = (...path: string[]) => readFileSync(join(fake, ...path), 'utf8');
function write(path: string, text: string): void {
  mkdirSync(join(fake, path, '..'), { recursive: true });
  writeFileSync(join(fake, path), text);
}

/** A fake /proc/self: where which hierarchy is mounted, and in which group the process is. */
function proc(mounts: readonly [string, string, string][], groups: readonly string[]): string {
  const lines = mounts.map(
    ([point, type, options]) => `30 20 0:30 / ${join(fake, point)} rw shared:1 - ${type} none rw,${options}`,
  );
  write('proc/mountinfo', `${lines.join('\n')}\n`);
  write('proc/cgroup', `${groups.join('\n')}\n`);
  return join(fake, 'proc');
}

/** As a service that is alone in its group, without systemd. */
async function rootOf(fakeProc: string) {
  const around = { hierarchies: readHierarchies(fakeProc, fakeProc), uid: process.getuid?.() ?? -1 };
  const cgroups = openCgroups(
    findCgroupWay('service', { ...around, pid: process.pid, systemd: false, userManager: false }),
  );
  return { cgroups, root: await cgroups.root() };
}

const limits = { ...noLimits, memory: 64 * 2 ** 20, cpus: 1.5, processes: 100 };

describe('version 2', () => {
  function opened() {
    write('cg/cgroup.controllers', 'cpuset cpu io memory pids\n');
    write('cg/box/cgroup.controllers', 'cpuset cpu io memory pids\n');
    write('cg/box/cgroup.type', 'domain\n');
    write('cg/box/cgroup.procs', `${process.pid}\n`);
    write('cg/box/cgroup.subtree_control', '');
    return rootOf(proc([['cg', 'cgroup2', 'nsdelegate']], ['0::/box']));
  }
  const root = async () => (await opened()).root;

  test('a group of our own gives memory, cpu, pids and io to groups of servers, and we move into a leaf', async () => {
    expect(await root()).toMatchObject({ version: 2, directories: { memory: join(fake, 'cg/box/servers') } });
    expect(read('cg/box/cgroup.subtree_control')).toBe('+memory +cpu +pids +io');
    expect(read('cg/box/servers/cgroup.subtree_control')).toBe('+memory +cpu +pids +io');
    expect(read('cg/box/service/cgroup.procs')).toBe(String(process.pid));
  });

  test('a group that has vanished with all above it is told, and nothing waits for it', async () => {
    const { cgroups, root: before } = await opened();
    rmSync(join(fake, 'cg'), { recursive: true });
    const { directories, hint } = await cgroups.root();
    expect(directories).toEqual({});
    expect(hint).toContain('ENOENT');
    expect(() => createCgroup(before, 'one', noLimits)).toThrow(
      expect.objectContaining({ code: 'LIMITS_UNAVAILABLE', message: expect.stringContaining('ENOENT') }),
    );
  });

  test('a group that a killed launcher has left is made anew', async () => {
    const { root: made } = await opened();
    expect(createCgroup(made, 'one', noLimits)).toEqual(createCgroup(made, 'one', noLimits));
  });

  test('nothing is left of the place when it is closed, unless a server is in it', async () => {
    const { cgroups, root: made } = await opened();
    rmSync(join(fake, 'cg/box/servers/cgroup.subtree_control')); // the kernel's files do not count
    createCgroup(made, 'one', noLimits);
    cgroups.close();
    expect(existsSync(join(fake, 'cg/box/servers/one'))).toBe(true);
    rmSync(join(fake, 'cg/box/servers/one'), { recursive: true });
    cgroups.close();
    expect(existsSync(join(fake, 'cg/box/servers'))).toBe(false);
  });

  test('limits are written as the kernel reads them', async () => {
    const place = createCgroup(await root(), 'one', limits);
    expect(place?.directories).toEqual({ unified: join(fake, 'cg/box/servers/one') });
    const value = (file: string) => read('cg/box/servers/one', file);
    expect([value('memory.max'), value('cpu.max'), value('pids.max')]).toEqual([
      '67108864',
      '150000 100000',
      '106',
    ]);
  });

  test('usage and out-of-memory kills are read', async () => {
    const place = createCgroup(await root(), 'one', noLimits);
    if (place === null) throw new Error('no group');
    await enterCgroup(place, [4711]);
    for (const [file, text] of [
      ['memory.current', '1048576\n'],
      ['cpu.stat', 'usage_usec 2500000\nuser_usec 1\n'],
      ['pids.current', '7\n'],
      ['memory.events', 'low 0\noom 3\noom_kill 2\n'],
    ] as const) {
      write(`cg/box/servers/one/${file}`, text);
    }
    expect(readUsage(place)).toEqual({ memory: 1_048_576, cpu: 2.5, processes: 7, outOfMemoryKills: 2 });
  });

  test('where there is no way, limits are refused with what to do, and what has no limits goes on', async () => {
    write('cg/cgroup.controllers', 'memory pids\n');
    write('cg/shared/cgroup.procs', '1\n2\n');
    write('cg/shared/cgroup.subtree_control', '');
    const { root: none } = await rootOf(proc([['cg', 'cgroup2', '']], ['0::/shared']));
    expect(createCgroup(none, 'one', noLimits)).toBeNull();
    expect(() => createCgroup(none, 'one', limits)).toThrow(
      expect.objectContaining({
        code: 'LIMITS_UNAVAILABLE',
        hint: expect.stringMatching(/own|Delegate=yes/),
      }),
    );
  });
});

describe('version 1', () => {
  async function root() {
    for (const controller of ['memory', 'cpu', 'pids'])
      mkdirSync(join(fake, controller), { recursive: true });
    const mounts = ['memory', 'cpu', 'pids'].map((name): [string, string, string] => [name, 'cgroup', name]);
    return (await rootOf(proc(mounts, ['4:memory:/', '3:pids:/', '2:cpu:/', '0::/']))).root;
  }

  test('every controller has its own directory, with its own files', async () => {
    const place = createCgroup(await root(), 'one', limits);
    expect(Object.keys(place?.directories ?? {}).sort()).toEqual(['cpu', 'memory', 'pids']);
    expect(read('memory/portwrap/one/memory.limit_in_bytes')).toBe('67108864');
    expect(read('cpu/portwrap/one/cpu.cfs_quota_us')).toBe('150000');
    expect(read('pids/portwrap/one/pids.max')).toBe('106');
  });

  test('without limits nothing is limited, but usage is counted', async () => {
    const place = createCgroup(await root(), 'one', noLimits);
    if (place === null) throw new Error('no group');
    await enterCgroup(place, [4711]);
    write('memory/portwrap/one/memory.usage_in_bytes', '4096\n');
    write('memory/portwrap/one/memory.oom_control', 'oom_kill_disable 0\nunder_oom 0\noom_kill 1\n');
    expect(readUsage(place)).toEqual({ memory: 4096, cpu: null, processes: null, outOfMemoryKills: 1 });
  });
});

test.each([1, 2] as const)(
  'the place of a group of version %i is saved before the group exists',
  (version) => {
    const directories = { memory: join(fake, 'memory') };
    mkdirSync(directories.memory);
    let saved: readonly string[] = [];
    const save = (place: CgroupPlace) => {
      saved = Object.values(place.directories);
      expect(saved.filter((directory) => existsSync(directory))).toEqual([]);
    };
    const made = createCgroup({ version, directories, hint: '' }, 'one', noLimits, save);
    expect(saved).toEqual([join(directories.memory, 'one')]);
    expect(Object.values(made?.directories ?? {})).toEqual(saved);
    expect(existsSync(join(directories.memory, 'one'))).toBe(true);
  },
);

test('a place that its launcher could not write before it was killed is none', () => {
  writeFileSync(join(fake, 'cgroup.json'), '');
  expect(readCgroupPlace(fake)).toBeNull();
});

test('the place of a group is found again in the directory of its sandbox', () => {
  const place = { version: 1 as const, directories: { memory: '/somewhere' } };
  saveCgroupPlace(fake, place);
  expect(readCgroupPlace(fake)).toEqual(place);
  expect(readCgroupPlace('/no/such/directory')).toBeNull();
});

describe('limits as the kernel has them', () => {
  const unified = () => ({ version: 2 as const, directories: { unified: join(fake, 'one') } });
  const separate = () => ({
    version: 1 as const,
    directories: { memory: join(fake, 'memory'), cpu: join(fake, 'cpu') },
  });

  test('are read in version 2, where "max" is none', () => {
    write('one/memory.max', '67108864\n');
    write('one/cpu.max', '150000 100000\n');
    expect(readCgroupLimits(unified())).toEqual({ memory: 64 * 2 ** 20, cpus: 1.5 });
    write('one/memory.max', 'max\n');
    write('one/cpu.max', 'max 100000\n');
    expect(readCgroupLimits(unified())).toEqual({ memory: null, cpus: null });
  });

  test('are read in version 1, where a huge size and a negative quota are none', () => {
    write('memory/memory.limit_in_bytes', '67108864\n');
    write('cpu/cpu.cfs_quota_us', '50000\n');
    write('cpu/cpu.cfs_period_us', '100000\n');
    expect(readCgroupLimits(separate())).toEqual({ memory: 64 * 2 ** 20, cpus: 0.5 });
    write('memory/memory.limit_in_bytes', '9223372036854771712\n');
    write('cpu/cpu.cfs_quota_us', '-1\n');
    expect(readCgroupLimits(separate())).toEqual({ memory: null, cpus: null });
  });

  test('of a group that is gone are none', () => {
    for (const place of [unified(), separate()]) {
      expect(readCgroupLimits(place)).toEqual({ memory: null, cpus: null });
    }
  });
});
