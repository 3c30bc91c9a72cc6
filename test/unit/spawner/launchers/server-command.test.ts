// The command of a server, and what a login shell gives it. The shell is the machine's own bash.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { serverCommand } from '../../../../spawner/launchers/server-command.ts';

const home = mkdtempSync(join(tmpdir(), 'login-'));
afterAll(() => rmSync(home, { recursive: true }));

const profile = { command: ['serve', '{guest-port}'], login_shell: false, path: ['/usr/bin', '/bin'] };
const request = { command: undefined, args: ['--x'] };

test('without a login shell, it is run as it is', () => {
  expect(serverCommand(profile, request, 9999)).toEqual(['serve', '9999', '--x']);
});

test('with one, it gets the variables of the user, its arguments unchanged, and the path of the profile', () => {
  writeFileSync(join(home, '.bash_profile'), 'export FROM_PROFILE=yes PATH=/mine\n');
  const print = {
    command: ['/bin/sh', '-c', 'printf "%s|" "$FROM_PROFILE" "$PATH" "$@"'],
    args: ['sh', 'a  b', '$HOME'],
  };
  const [program = '', ...argv] = serverCommand({ ...profile, login_shell: true }, print, 9999);
  const output = execFileSync(program, argv, { env: { HOME: home, PATH: '/bin' }, encoding: 'utf8' });
  expect(output).toBe('yes|/mine:/usr/bin:/bin|a  b|$HOME|');
});
