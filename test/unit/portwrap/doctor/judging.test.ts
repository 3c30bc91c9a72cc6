// How the doctor judges what its probes saw: recorded messages of bubblewrap, sh(1), nft and the kernel's tables.
// Not here: the probes (test/integration/portwrap/doctor.test.ts).
import { describe, expect, test } from 'vitest';
import { PortwrapError } from '../../../../config/errors.ts';
import { evaluateCgroups } from '../../../../portwrap/doctor/cgroups.ts';
import type { Check } from '../../../../portwrap/doctor/check.ts';
import { doctorExit } from '../../../../portwrap/doctor/doctor.ts';
import { explainFailure } from '../../../../portwrap/doctor/explain.ts';
import { evaluatePolicy, evaluateTun } from '../../../../portwrap/doctor/network.ts';
import {
  evaluateDescriptors,
  evaluateInit,
  evaluateOpenFiles,
} from '../../../../portwrap/doctor/processes.ts';
import { evaluateProgram } from '../../../../portwrap/doctor/programs.ts';
import { renderDoctor } from '../../../../portwrap/doctor/render.ts';
import {
  evaluateBwrap,
  evaluateLimits,
  type NamespaceSettings,
} from '../../../../portwrap/doctor/sandbox.ts';

const open: NamespaceSettings = {
  maxUserNamespaces: 65_536,
  maxNetNamespaces: 65_536,
  unprivilegedClone: 1,
  apparmorLabel: null,
};
const ubuntu = { ...open, apparmorLabel: '' };
const summary = ({ status, fix }: Check) => [status, fix];
const apparmor = expect.stringContaining('/apparmor/portwrap /etc/apparmor.d/ && apparmor_parser -r');
const notPermitted = 'bwrap: loopback: Failed RTM_NEWADDR: Operation not permitted';
const exceeded =
  'bwrap: Creating new namespace failed: nesting depth or /proc/sys/user/max_*_namespaces exceeded (ENOSPC)';
const noPermission =
  'bwrap: No permissions to create new namespace, likely because the kernel does not allow non-privileged user namespaces.';

describe("bubblewrap's message, together with the machine's settings", () => {
  test.each<[string, NamespaceSettings, unknown[]]>([
    [notPermitted, ubuntu, ['failed', apparmor]],
    ['bwrap: setting up uid map: Permission denied', ubuntu, ['failed', apparmor]],
    [
      'bwrap: loopback: Failed RTM_NEWADDR: No child processes',
      ubuntu,
      ['warning', expect.stringContaining('again')],
    ],
    ['bwrap: loopback: Failed RTM_NEWADDR: File exists', open, ['warning', expect.stringContaining('again')]],
    [exceeded, { ...open, maxUserNamespaces: 0 }, ['failed', 'sysctl -w user.max_user_namespaces=65536']],
    [exceeded, { ...open, maxNetNamespaces: 0 }, ['failed', 'sysctl -w user.max_net_namespaces=65536']],
    [exceeded, open, ['failed', expect.stringContaining('user.max_net_namespaces')]],
    [
      noPermission,
      { ...open, unprivilegedClone: 0 },
      ['failed', 'sysctl -w kernel.unprivileged_userns_clone=1'],
    ],
    [noPermission, open, ['failed', expect.stringContaining('seccomp')]],
    [
      "bwrap: Can't mount proc on /newroot/proc: Operation not permitted",
      open,
      ['failed', expect.stringContaining('systempaths')],
    ],
    ['bwrap: something new', open, ['failed', expect.stringContaining('message')]],
  ])('"%s" with %o', (message, settings, expected) => {
    const check = evaluateBwrap(message, settings);
    expect(summary(check)).toEqual(expected);
    expect(check.what).toContain(message);
  });

  test('is well when there is none', () => {
    expect(evaluateBwrap(null, ubuntu).status).toBe('ok');
  });

  test('does not blame AppArmor where it does not restrict', () => {
    expect(evaluateBwrap(notPermitted, open).fix).not.toContain('apparmor');
  });
});

test.each([
  [{}, 'ok', ''],
  [{ maxUserNamespaces: 0 }, 'failed', 'sysctl -w user.max_user_namespaces=65536'],
  [{ maxNetNamespaces: 100 }, 'warning', 'sysctl -w user.max_net_namespaces=65536'],
])('namespace limits %o are %s', (limits, status, fix) => {
  expect(summary(evaluateLimits({ ...open, ...limits }))).toEqual([status, fix]);
});

test.each([
  [null, 'ok', ''],
  ['sh: 1: cannot create /dev/net/tun: Permission denied', 'failed', 'chmod 0666 /dev/net/tun'],
  ['sh: 1: cannot create /dev/net/tun: Directory nonexistent', 'failed', 'modprobe tun'],
  ['open("/dev/net/tun"): No such file or directory', 'failed', 'modprobe tun'],
  ['sh: 1: cannot create /dev/net/tun: No such device', 'failed', 'modprobe tun'],
])('the tun device with %o is %s', (message, status, fix) => {
  expect(summary(evaluateTun(message))).toEqual([status, fix]);
});

test.each([
  [null, true, 'ok'],
  ['netlink: Error: cache initialization failed: Operation not permitted', true, 'failed'],
  ['netlink: Error: cache initialization failed: Operation not permitted', false, 'warning'],
  ['Error: Could not process rule: Operation not supported', true, 'failed'],
])('a network policy with %o, needed %s, is %s', (message, isNeeded, status) => {
  expect(evaluatePolicy('inside', message, isNeeded, null).status).toBe(status);
});

const loadProfile = /^install -m 0644 \/.*\/apparmor\/portwrap \/etc\/apparmor\.d\/ && apparmor_parser -r/;
const letUsersIn =
  /^install -m 0644 \/.*\/apparmor\/portwrap-users \/etc\/apparmor\.d\/ && apparmor_parser -r/;

describe('where AppArmor restricts user namespaces, a launch', () => {
  test.each([
    ['unconfined', 'kernel.apparmor_restrict_unprivileged_userns = 1', loadProfile],
    ['portwrap//&unconfined (enforce)', 'kernel.apparmor_restrict_unprivileged_unconfined = 1', letUsersIn],
  ])('in the label "%s" is told its setting and what lifts it', (label, setting, fix) => {
    const check = evaluateBwrap(noPermission, { ...open, apparmorLabel: label });
    expect([check.status, check.what]).toEqual(['failed', `${noPermission} (${setting})`]);
    expect(check.fix).toMatch(fix);
    const rules = evaluatePolicy('inside', 'netlink: Operation not permitted', true, label);
    expect(rules.fix).toMatch(fix);
  });

  test('in our profile fails for another reason', () => {
    const inside = { ...open, apparmorLabel: 'portwrap (enforce)' };
    expect(evaluateBwrap(noPermission, inside).fix).not.toContain('apparmor_parser');
  });
});

test.each([
  ['--fork --wait', 'setsid from util-linux 2.38.1', 'ok', '2.38.1'],
  ['BusyBox v1.36.1', 'BusyBox v1.36.1', 'failed', '1.36.1 lacks --fork'],
])('a program whose help says "%s" and version "%s" is %s', (help, version, status, what) => {
  const check = evaluateProgram('setsid', ['--fork'], help, version);
  expect([check.status, check.what]).toEqual([status, what]);
});

test.each([
  [1, 0, 'failed'],
  [200, 3, 'ok'],
  [200, 500, 'warning'],
])('pid %i under an init that leaves %i zombies is %s', (pid, zombies, status) => {
  expect(evaluateInit(pid, zombies).status).toBe(status);
});

test('descriptors that somebody left open are named with the words that close them', () => {
  expect(evaluateDescriptors([]).status).toBe('ok');
  const check = evaluateDescriptors([{ fd: 40, target: '/secret' }]);
  expect(check).toMatchObject({ status: 'warning', what: 'inherited: 40 (/secret)' });
  expect(check.fix).toContain('40>&-');
});

test.each([
  ['1024', 'warning'],
  ['4096', 'ok'],
  ['unlimited', 'ok'],
])('a hard limit of %s open files is %s', (hard, status) => {
  expect(evaluateOpenFiles(`Max open files            1024                 ${hard}     files\n`).status).toBe(
    status,
  );
});

test.each([
  [{ kind: 'scope', manager: 'system', mount: '/c' }, ['memory', 'cpu', 'pids'], 'ok', ''],
  [{ kind: 'delegated', directory: '/c/x', leaf: true }, ['memory', 'cpu', 'pids'], 'ok', ''],
  [{ kind: 'delegated', directory: '/c/x', leaf: true }, ['memory'], 'warning', 'in the group above'],
  [{ kind: 'none', hint: 'DelegateSubgroup=service' }, [], 'warning', 'DelegateSubgroup=service'],
  [{ kind: 'v1', parents: {} }, ['memory'], 'warning', 'boot with control groups of version 2'],
] as const)('control groups in the way %j with the controllers %j are %s', (way, usable, status, fix) => {
  const check = evaluateCgroups(way, usable);
  expect([check.status, check.fix]).toEqual([status, fix === '' ? '' : expect.stringContaining(fix)]);
});

describe('a failed launch', () => {
  test.each<[PortwrapError, unknown]>([
    [
      new PortwrapError('SANDBOX_FAILED', 'bubblewrap could not build it', { log: [notPermitted] }),
      { status: 'failed', fix: apparmor },
    ],
    [
      new PortwrapError('FORWARD_FAILED', 'slirp4netns failed: open("/dev/net/tun"): Permission denied'),
      { fix: 'chmod 0666 /dev/net/tun' },
    ],
    [
      new PortwrapError('POLICY_FAILED', 'nft refused: Operation not supported'),
      { fix: 'modprobe -a nf_tables nft_chain_nat nft_nat' },
    ],
  ])('is explained by the finding that it stands for: %s', (error, expected) => {
    expect(explainFailure(error, ubuntu)).toMatchObject(expected as object);
  });

  test.each([
    [new PortwrapError('PORT_TAKEN', 'host port 80 cannot be bound')],
    [new PortwrapError('SANDBOX_FAILED', 'the sandbox ended while it was set up')],
    [new Error('bwrap: no')],
    ['bwrap: no'],
  ])('is not explained by guessing: %s', (error) => {
    expect(explainFailure(error, ubuntu)).toBeNull();
  });
});

describe('the report', () => {
  const checks = [
    evaluateTun(null),
    evaluateTun('sh: cannot create /dev/net/tun: Permission denied'),
    evaluateInit(200, 500),
  ];

  test('says of each finding why it matters and what mends it, and counts them', () => {
    const text = renderDoctor(checks, { json: false, color: false });
    expect(text).toContain('fix: chmod 0666 /dev/net/tun\n');
    expect(text).toMatch(/1 failed, 1 warnings, 1 ok\n$/);
  });

  test('has colors only when asked', () => {
    expect(renderDoctor(checks, { json: false, color: true })).toContain('\x1b[31mfailed');
    expect(renderDoctor(checks, { json: false, color: false })).not.toContain('\x1b');
  });

  test('is the findings themselves as JSON', () => {
    expect(JSON.parse(renderDoctor(checks, { json: true, color: true }))).toEqual(checks);
  });

  test('asks for exit code 1 when something failed, and never for warnings', () => {
    expect(doctorExit(checks)).toBe(1);
    expect(doctorExit([evaluateInit(200, 500), evaluateTun(null)])).toBe(0);
  });
});
