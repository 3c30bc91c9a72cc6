// Into and out of our AppArmor profiles. Not here: their syntax (test/unit/apparmor/profiles.test.ts), what they do
// (test/vm/apparmor.test.ts).
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { gateArgv } from '../../../../portwrap/launch/gate.ts';
import { inProfile } from '../../../../portwrap/system/apparmor.ts';

const tools = (name: string) => `/bin/${name}`;

describe('a launch', () => {
  test('is as it was where namespaces are not restricted', () => {
    expect(inProfile(tools, ['bwrap', '--args', '3'], false)).toEqual(['bwrap', '--args', '3']);
  });

  test('enters the profile with the next program, when they are', () => {
    expect(inProfile(tools, ['setsid', 'bwrap'], true)).toEqual([
      '/bin/sh',
      '-c',
      'printf \'exec portwrap\' 2>/dev/null >/proc/self/attr/apparmor/exec\nexec "$@"',
      'portwrap',
      'setsid',
      'bwrap',
    ]);
  });

  test('says nothing and goes on where the profile is not loaded', () => {
    const [program = '', ...argv] = inProfile(tools, ['sh', '-c', 'echo on; exit 3'], true);
    const { status, stdout, stderr } = spawnSync(program, argv, { encoding: 'utf8' });
    expect([status, stdout, stderr]).toEqual([3, 'on\n', '']);
  });
});

test('the gate gives up capabilities for good after it has loaded the rules, before the payload', () => {
  const gate = {
    ...{ sh: '/bin/sh', env: '/bin/env', loadRules: '/bin/nft', detachMounts: null, dropCapabilities: null },
    ...{ openFiles: 1024, sysctls: null, umask: null, restoreSignals: [], init: null, lateEnvironment: {} },
    restrictPayload: true,
  };
  const [, , script = ''] = gateArgv(gate, ['cmd']);
  const stack = script.indexOf("printf 'stack portwrap-payload' >/proc/self/attr/apparmor/exec || exit 1");
  expect(stack).toBeGreaterThan(script.indexOf('/bin/nft'));
  // after this nothing but the payload is executed
  expect(script.slice(stack)).toMatch(/^.*\nprintf r >&8 \|\| exit 1\nread .*\nexec 8<&- 9<&-\nexec "\$@"$/);
});
