// Scopes of systemd: what is asked of systemd-run, and what follows when it fails. That systemd does as asked, and
// that servers outlive their service in such a scope, is tried in the virtual machine (test/vm).
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { scopeArgv, settleInScope } from '../../../../portwrap/cgroups/scope.ts';
import { openServersScope } from '../../../../portwrap/cgroups/servers-scope.ts';
import { createToolbox, type Toolbox } from '../../../../portwrap/system/tools.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'scope-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const tools = (name: string) => `/bin/${name}`;
const scope = { unit: 'portwrap-1a', description: 'A sandbox of portwrap' } as const;
const asked = [
  ...['--scope', '--quiet', '--collect', '--unit=portwrap-1a', '--slice=portwrap.slice'],
  ...['--description=A sandbox of portwrap', '--property=Delegate=yes', '--', 'sh', '-c', 'x'],
];

test('root asks the system manager for a delegated scope in our slice', () => {
  expect(scopeArgv(tools, { ...scope, manager: 'system' }, 0, ['sh', '-c', 'x'])).toEqual([
    '/bin/systemd-run',
    ...asked,
  ]);
});

test("an ordinary user asks its own manager, which is found by the user's runtime directory", () => {
  expect(scopeArgv(tools, { ...scope, manager: 'user' }, 1001, ['sh', '-c', 'x'])).toEqual([
    ...['/bin/env', 'XDG_RUNTIME_DIR=/run/user/1001', '/bin/systemd-run', '--user'],
    ...asked,
  ]);
});

test('a process that is in no scope is refused, and nobody is moved', () => {
  const before = readFileSync('/proc/self/cgroup', 'utf8');
  expect(() => settleInScope(process.pid)).toThrow(expect.objectContaining({ code: 'LIMITS_UNAVAILABLE' }));
  expect(readFileSync('/proc/self/cgroup', 'utf8')).toBe(before);
});

/** A systemd-run of ours that fails as the real one does without D-Bus, and counts. */
function failingSystemd(): Toolbox {
  const script = join(directory, 'systemd-run');
  writeFileSync(
    script,
    `#!/bin/sh\necho >> ${directory}/calls\necho "Failed to connect to bus: x" >&2\nexit 1\n`,
  );
  chmodSync(script, 0o755);
  const real = createToolbox();
  return (name) => (name === 'systemd-run' ? script : name === 'systemctl' ? '/bin/false' : real(name));
}

test('without a scope there are no groups, the reason is reported, and the next launch tries again', async () => {
  const reasons: string[] = [];
  const report = (reason: string) => void reasons.push(reason);
  const servers = openServersScope({ tools: failingSystemd(), mount: directory, report });
  const calls = () => readFileSync(join(directory, 'calls'), 'utf8').length;
  expect((await servers.root()).directories).toEqual({});
  const once = calls();
  expect(reasons).toEqual([expect.stringContaining('Failed to connect to bus: x')]);
  await Promise.all([servers.root(), servers.root()]);
  expect(calls()).toBe(3 * once);
  servers.close();
  await servers.root();
  expect(calls()).toBe(3 * once);
});
