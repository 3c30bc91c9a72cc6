// The arguments of every program that a launch runs, as whole lists: what a reviewer of the sandbox reads.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import { bwrapArgs } from '../../../../portwrap/launch/bwrap-argv.ts';
import {
  type Gate,
  gateArgv,
  gateReady,
  splitEnvironment,
  startSignal,
} from '../../../../portwrap/launch/gate.ts';
import { substituteGuestPort } from '../../../../portwrap/launch/guest-port.ts';
import { becomeArgv, loginEnvironment, parsePasswd } from '../../../../portwrap/system/account.ts';

const gate: Gate = {
  sh: '/bin/sh',
  env: '/usr/bin/env',
  loadRules: null,
  detachMounts: null,
  dropCapabilities: null,
  restrictPayload: false,
  openFiles: 1024,
  sysctls: null,
  umask: null,
  restoreSignals: [],
  init: null,
  lateEnvironment: {},
};

test('the gate announces itself, waits for the word, and becomes the command without our descriptors', () => {
  expect(gateArgv({ ...gate, umask: '022' }, ['cmd', 'a b'])).toEqual([
    '/bin/sh',
    '-c',
    [
      'umask 022',
      'ulimit -S -n 1024',
      'printf r >&8 || exit 1',
      'read -r _ <&8 || exit 1',
      'exec 8<&- 9<&-',
      'exec "$@"',
    ].join('\n'),
    'portwrap',
    'cmd',
    'a b',
  ]);
});

test.each([
  ['says the word', startSignal, 7],
  ['is gone', '', 1],
])('a gate whose launcher %s while it waits exits accordingly', async (_, lastWords, code) => {
  const [program = '', ...argv] = gateArgv({ ...gate, env: '/usr/bin/env' }, ['sh', '-c', 'exit 7']);
  const child = spawn(program, argv, {
    stdio: ['ignore', 'ignore', 'ignore', ...Array<'ignore'>(5).fill('ignore'), 'pipe'],
  });
  const launcher = child.stdio.at(8) as Duplex;
  expect(String(await once(launcher, 'data'))).toBe(gateReady);
  launcher.end(lastWords);
  expect(await once(child, 'exit')).toEqual([code, null]);
});

test('the payload gets every variable as it is, also one with the name of a word in the script', async () => {
  const [program = '', ...argv] = gateArgv({ ...gate, env: '/usr/bin/env' }, [
    'sh',
    '-c',
    '[ "$word" = kept ]',
  ]);
  const child = spawn(program, argv, {
    env: { ...process.env, word: 'kept' },
    stdio: ['ignore', 'ignore', 'ignore', ...Array<'ignore'>(5).fill('ignore'), 'pipe'],
  });
  (child.stdio.at(8) as Duplex).end(startSignal);
  expect(await once(child, 'exit')).toEqual([0, null]);
});

test('an unprivileged gate loads the rules before it announces itself, and drops every capability', () => {
  const full = { ...gate, loadRules: '/usr/sbin/nft', dropCapabilities: '/usr/bin/setpriv' };
  const argv = gateArgv({ ...full, restoreSignals: ['INT', 'HUP'], lateEnvironment: { LD_X: '1' } }, ['cmd']);
  const script = argv[4] ?? '';
  expect(script).toContain('/usr/sbin/nft -f - <&9 || exit 99\nprintf r >&8');
  expect(argv.filter((arg) => arg !== script)).toEqual([
    ...['/usr/bin/env', '--default-signal=INT,HUP', '/bin/sh', '-c', 'portwrap'],
    ...['/usr/bin/setpriv', '--bounding-set=-all', '--inh-caps=-all', '--ambient-caps=-all', '--'],
    ...['/usr/bin/env', 'LD_X=1', 'cmd'],
  ]);
});

test.each([
  ['PATH', true, 'early'],
  ['LD_PRELOAD', true, 'late'],
  ['LD_PRELOAD', false, 'early'],
  ['BASH_ENV', true, 'late'],
  ['IFS', true, 'late'],
  ['JUPYTERHUB_API_TOKEN', true, 'early'],
  ['a.b', false, 'late'],
  ['BASH_FUNC_f%%', false, 'late'],
] as const)('%s with a gate that has capabilities (%s) is given %s', (name, hasCapabilities, part) => {
  expect(splitEnvironment({ [name]: 'x' }, hasCapabilities)[part]).toEqual({ [name]: 'x' });
});

test('bubblewrap unshares users, network and processes, and everything dies with its pid 1', () => {
  const args = bwrapArgs({
    files: {
      readOnlyRoot: false,
      temporaryIn: 'disk',
      temporaryBytes: null,
      devices: null,
      mounts: [],
      synthetic: [{ path: '/etc/resolv.conf', content: '' }],
    },
    temporarySources: {},
    syntheticDescriptors: [10],
    environment: { TOKEN: 's3cr3t' },
    workingDirectory: '/home/a',
    closed: [{ source: '/sys/fs/cgroup/own', target: '/sys/fs/cgroup' }],
    identity: { uid: 1001, gid: 100 },
    terminal: false,
    waitsForMaps: false,
    gateIsInit: false,
    gateCapabilities: ['CAP_NET_ADMIN'],
  });
  expect(args).toEqual([
    ...['--unshare-user', '--unshare-net', '--unshare-pid', '--unshare-ipc', '--die-with-parent'],
    ...['--uid', '1001', '--gid', '100', '--cap-drop', 'ALL'],
    ...['--dev-bind', '/', '/', '--proc', '/proc', '--ro-bind-data', '10', '/etc/resolv.conf'],
    ...['--ro-bind', '/sys/fs/cgroup/own', '/sys/fs/cgroup'],
    ...['--chdir', '/home/a', '--cap-add', 'CAP_NET_ADMIN', '--seccomp', '5'],
    ...['--clearenv', '--setenv', 'TOKEN', 's3cr3t', '--json-status-fd', '4', '--sync-fd', '7'],
  ]);
});

test('a file of our own below a hidden directory is there before that becomes read-only', () => {
  const args = bwrapArgs({
    files: {
      readOnlyRoot: false,
      temporaryIn: 'disk',
      temporaryBytes: null,
      devices: null,
      mounts: [{ kind: 'hidden-directory', path: '/run/state' }],
      synthetic: [{ path: '/run/state/tls/key.pem', content: 's3cr3t' }],
    },
    temporarySources: {},
    syntheticDescriptors: [10],
    ...{ environment: {}, workingDirectory: '/', closed: [], gateCapabilities: [] },
    ...{ identity: null, terminal: false, gateIsInit: false, waitsForMaps: false },
  });
  const order = ['--tmpfs', '--ro-bind-data', '--remount-ro'].map((option) => args.indexOf(option));
  expect(order).toEqual([...order].sort((a, b) => a - b));
  expect(order).not.toContain(-1);
  expect(args).not.toContain('s3cr3t');
});

test('an account is become with all its groups; one that is not listed has none', () => {
  const account = parsePasswd('a:x:1003:1004:,,,:/home/a:');
  expect(account).toEqual({
    name: 'a',
    uid: 1003,
    gid: 1004,
    home: '/home/a',
    shell: '/bin/sh',
    listed: true,
  });
  expect(becomeArgv('/usr/bin/setpriv', account)).toEqual([
    ...['/usr/bin/setpriv', '--reuid=1003', '--regid=1004', '--init-groups', '--inh-caps=-all', '--'],
  ]);
  expect(becomeArgv('setpriv', { ...account, listed: false })).toContain('--clear-groups');
  expect(loginEnvironment(account)).toEqual({ HOME: '/home/a', USER: 'a', LOGNAME: 'a', SHELL: '/bin/sh' });
});

test.each(['a:x::1004::/home/a:', 'a:x:1003:::/:', 'a', ''])(
  'the entry %j is refused, not read as root',
  (line) => {
    expect(() => parsePasswd(line)).toThrow('getent passwd answered');
  },
);

test('{guest-port} is replaced wherever it stands', () => {
  expect(substituteGuestPort(['--port={guest-port}', '{guest-port}{guest-port}', '{guest}'], 8888)).toEqual([
    '--port=8888',
    '88888888',
    '{guest}',
  ]);
});

test('with preload the gate is process 1: it becomes portwrap-init, which gets the descriptors and the command', () => {
  const argv = gateArgv({ ...gate, init: '/proc/self/fd/12' }, ['cmd', 'arg']);
  const script = argv[argv.indexOf('-c') + 1] ?? '';
  expect(script).toMatch(/printf r >&8 \|\| exit 1\nexec "\$@"$/);
  expect(argv.slice(-5)).toEqual(['/proc/self/fd/12', '8', '7', 'cmd', 'arg']);
});
