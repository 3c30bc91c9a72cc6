// The AppArmor profiles: its parser accepts them. Not here: what they do (test/vm/apparmor.test.ts).
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { skipIf } from '../../support/reasons.ts';

const root = new URL('../../../apparmor', import.meta.url).pathname;
const parser = (...words: readonly string[]) => spawnSync('apparmor_parser', words, { encoding: 'utf8' });
const version = Number(/version (\d+)/.exec(parser('--version').stdout ?? '')?.[1] ?? 0);
const tooOld = 'apparmor_parser before 4.0 knows no rules for user namespaces';
// with --skip-kernel-load, too, it asks the kernel what profiles may say
const noKernel = 'the kernel has no AppArmor, or its settings are not mounted';
const isThere = existsSync('/sys/kernel/security/apparmor/features');
const known = skipIf(version < 4 || !isThere, version < 4 ? tooOld : noKernel);

test.each(readdirSync(root))('apparmor_parser accepts apparmor/%s without a warning', known, (name) => {
  const { status, stdout, stderr } = parser(
    '--skip-kernel-load',
    '--skip-cache',
    '--Werror',
    `${root}/${name}`,
  );
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
});
