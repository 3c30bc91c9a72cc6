// The argv of portwrap-enter. Not here: what the program does (test/integration/portwrap/enter.test.ts).
import { expect, test } from 'vitest';
import { enterArgv } from '../../../../portwrap/enter/program.ts';

const child = { pid: 4711, startTime: 9_000_001 };
const identity = ['--pid=4711', '--start-time=9000001'];
const command = { kind: 'command', command: ['psql', '-h', 'localhost'] } as const;

test('a user enters as themselves, root as the account with its groups', () => {
  expect(enterArgv(child, command, null, 'xterm-256color')).toEqual([
    ...identity,
    ...['--term=xterm-256color', '--', 'psql', '-h', 'localhost'],
  ]);
  const ids = { uid: 1000, gid: 1001, groups: [1001, 50] };
  expect(enterArgv(child, command, ids, undefined)).toEqual([
    ...[...identity, '--account=1000:1001:1001,50'],
    ...['--', 'psql', '-h', 'localhost'],
  ]);
});

test('a connection has no command', () => {
  expect(enterArgv(child, { kind: 'connect', port: 22 }, null, 'xterm')).toEqual([
    ...identity,
    '--connect=22',
  ]);
});

test('what is no name of a terminal does not enter', () => {
  for (const term of ['', 'a b', 'x\n', '/etc/passwd', 'x'.repeat(65)])
    expect(enterArgv(child, command, null, term).join(' ')).not.toContain('--term');
});
