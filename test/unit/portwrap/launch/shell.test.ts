// The shell scripts that a launch and a job are made of, read by shellcheck. Not here: what they do when they run
// (arguments.test.ts, wrapper/), scripts in files (npm test runs shellcheck over them).
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import type { ProbeSpec } from '../../../../portwrap/index.ts';
import { type Gate, gateArgv } from '../../../../portwrap/launch/gate.ts';
import { scriptArgv } from '../../../../portwrap/launch/wrapper/script.ts';
import { terminalMounts } from '../../../../portwrap/mounts/terminals.ts';
import { inProfile } from '../../../../portwrap/system/apparmor.ts';
import { jobScript } from '../../../../spawner/launchers/slurm/job-script.ts';
import { wrapper } from './wrapper/example.ts';

const tools = (name: string) => `/bin/${name}`;
const gate: Gate = {
  sh: '/bin/sh',
  env: '/bin/env',
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
const mountinfo =
  "3 1 0:3 / /srv/it's/dev/pts rw - devpts devpts rw\n4 1 0:3 /1 /dev/console rw - devpts devpts rw\n";
const paths = {
  ...wrapper,
  terminals: [...terminalMounts(mountinfo, '/dev/pts/3'), ...terminalMounts(mountinfo, null)],
};

/** The script of an argv such as sh -c SCRIPT. */
function scriptOf(argv: readonly string[]): string {
  const shell = argv.indexOf('/bin/sh');
  expect(argv[shell + 1]).toBe('-c');
  return argv[shell + 2] ?? '';
}

test.each([
  ['a gate', scriptOf(gateArgv(gate, ['true']))],
  ['a gate that loads rules', scriptOf(gateArgv({ ...gate, loadRules: '/bin/nft', umask: '022' }, ['true']))],
  ['a gate that restricts the payload', scriptOf(gateArgv({ ...gate, restrictPayload: true }, ['true']))],
  ['the way into the profile of AppArmor', scriptOf(inProfile(tools, ['true'], true))],
  ['a wrapper', scriptOf(scriptArgv(tools, paths, ['bwrap']))],
  ['a wrapper with a keeper', scriptOf(scriptArgv(tools, { ...paths, keeper: true }, ['bwrap']))],
  ['a wrapper of root', scriptOf(scriptArgv(tools, { ...paths, policyLog: '/d/log' }, ['bwrap']))],
  ['a Slurm job', jobScript(["/opt/it's/portwrap"], { version: 1 } as unknown as ProbeSpec)],
])('shellcheck finds nothing in the script of %s', (_, input) => {
  const { stdout, stderr, status } = spawnSync('shellcheck', ['--shell=dash', '-'], {
    input,
    encoding: 'utf8',
  });
  expect([stdout, stderr, status]).toEqual(['', '', 0]);
});
