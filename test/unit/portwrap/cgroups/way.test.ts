// In which way control groups can be had, on a fake of the kernel's and systemd's file systems: a machine has one way
// only. The real ones are met by the launch tests, and in the virtual machine.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readHierarchies } from '../../../../portwrap/cgroups/hierarchies.ts';
import { type CgroupRole, type CgroupSurroundings, findCgroupWay } from '../../../../portwrap/cgroups/way.ts';

const own = process.getuid?.() ?? -1;
let fake: string;
beforeEach(() => {
  fake = mkdtempSync(join(tmpdir(), 'cgroup-way-'));
});
afterEach(() => rmSync(fake, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(join(fake, path, '..'), { recursive: true });
  writeFileSync(join(fake, path), text);
}

/** A group of version 2, with the files that the kernel puts there. */
function group(
  path: string,
  { processes = '', controllers = 'cpuset cpu io memory pids', root = false } = {},
) {
  write(`${path}/cgroup.controllers`, `${controllers}\n`);
  write(`${path}/cgroup.procs`, processes);
  write(`${path}/cgroup.subtree_control`, '');
  if (!root) write(`${path}/cgroup.type`, 'domain\n');
}

function hierarchies(mounts: readonly string[], groups: readonly string[]) {
  write('proc/mountinfo', mounts.join('\n'));
  write('proc/cgroup', groups.join('\n'));
  return readHierarchies(join(fake, 'proc'), join(fake, 'proc'));
}

const mount2 = (root = '/') => `30 20 0:30 ${root} ${fake}/cg rw shared:1 - cgroup2 none rw,nsdelegate`;
const mount1 = (name: string) => `31 20 0:31 / ${fake}/${name} rw shared:1 - cgroup none rw,${name}`;

function unified(path: string, around: Partial<CgroupSurroundings> = {}): CgroupSurroundings {
  return {
    hierarchies: hierarchies([mount2()], [`0::${path}`]),
    ...{ uid: own, pid: 4242, systemd: true, userManager: false },
    ...around,
  };
}

test('the group of a process is found below the mount, whatever part of the hierarchy is mounted', () => {
  expect(hierarchies([mount2()], ['0::/a.slice/b']).v2).toEqual({
    mount: `${fake}/cg`,
    own: `${fake}/cg/a.slice/b`,
  });
  expect(hierarchies([mount2('/docker/x')], ['0::/docker/x/y']).v2?.own).toBe(`${fake}/cg/y`);
  const both = hierarchies([mount1('memory'), mount1('pids'), mount2()], ['4:memory:/m', '3:pids:/', '0::/']);
  expect(both.v1).toEqual({ memory: `${fake}/memory/m`, pids: `${fake}/pids` });
  expect(hierarchies([], []).v2).toBeNull();
});

describe('version 1', () => {
  test('gives the controllers whose hierarchies can be written', () => {
    mkdirSync(join(fake, 'memory/m'), { recursive: true });
    const found = hierarchies([mount1('memory'), mount1('pids')], ['4:memory:/m', '3:pids:/']);
    const around = { hierarchies: found, uid: own, pid: 1, systemd: true, userManager: true };
    expect(findCgroupWay('service', around)).toEqual({ kind: 'v1', parents: { memory: `${fake}/memory/m` } });
    rmSync(join(fake, 'memory'), { recursive: true });
    expect(findCgroupWay('service', around)).toEqual({
      kind: 'none',
      hint: expect.stringContaining('as root'),
    });
  });
});

describe('version 2', () => {
  beforeEach(() => group('cg', { root: true }));
  const kind = (role: CgroupRole, around: CgroupSurroundings) => {
    const way = findCgroupWay(role, around);
    if (way.kind === 'scope') return `scope of the ${way.manager}`;
    if (way.kind === 'delegated') return `${way.leaf ? 'beside' : 'in'} ${way.directory.slice(fake.length)}`;
    return way.kind === 'none' ? way.hint : way.kind;
  };

  test.each(['service', 'command'] as const)('under systemd root has a scope: %s', (role) => {
    group('cg/x.service', { processes: '4242\n' });
    expect(kind(role, unified('/x.service', { uid: 0 }))).toBe('scope of the system');
  });

  test('an account with a systemd manager of its own has a scope for a command', () => {
    group('cg/session-1.scope', { processes: '1\n4242\n' });
    const around = unified('/session-1.scope', { uid: own + 1, userManager: true });
    expect(kind('command', around)).toBe('scope of the user');
    expect(kind('service', around)).toContain('DelegateSubgroup=service');
  });

  test('the group above the leaf that systemd has made in a delegated unit is used', () => {
    group('cg/x.service');
    group('cg/x.service/service', { processes: '4242\n' });
    const around = unified('/x.service/service', { uid: own, systemd: own !== 0 });
    expect(kind('service', around)).toBe('beside /cg/x.service');
  });

  test("a service's own group is left as it is: systemd could not start it again", () => {
    group('cg/x.service', { processes: '4242\n' });
    const around = unified('/x.service', { uid: own === 0 ? 1 : own });
    expect(kind('service', around)).toContain('DelegateSubgroup=service');
  });

  test('a group in which the launcher is alone is used, where no systemd rules it', () => {
    group('cg/box', { processes: '4242\n' });
    expect(kind('service', unified('/box', { systemd: false }))).toBe('in /cg/box');
  });

  test('a group with processes of others is never touched', () => {
    group('cg/box', { processes: '7\n4242\n' });
    expect(kind('command', unified('/box', { uid: 0, systemd: false }))).toContain(
      'a control group of its own',
    );
    expect(kind('command', unified('/box', { uid: own === 0 ? 1 : own, systemd: false }))).toContain(
      'enable-linger',
    );
  });

  test('a group of another account is never touched', () => {
    group('cg/box', { processes: '4242\n' });
    expect(kind('command', unified('/box', { uid: own + 1, systemd: false }))).toContain('enable-linger');
  });

  test('the root of the hierarchy hands controllers down beside its processes, where no systemd rules it', () => {
    write('cg/cgroup.procs', '1\n2\n4242\n');
    expect(kind('service', unified('/', { systemd: false }))).toBe('beside /cg');
  });

  test('the root of a container has the rules of any other group', () => {
    group('cg', { processes: '1\n4242\n' });
    expect(kind('service', unified('/', { uid: 0, systemd: false }))).toContain('a control group of its own');
  });

  test('without controllers, or without the file system, nothing can be had', () => {
    group('cg', { controllers: '', root: true });
    expect(kind('service', unified('/', { uid: 0 }))).toContain('no controller');
    const none = { ...unified('/'), hierarchies: hierarchies([], ['0::/']) };
    expect(kind('service', none)).toContain('mount -t cgroup2');
  });
});
