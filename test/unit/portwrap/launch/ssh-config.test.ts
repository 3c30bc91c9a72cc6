// Which files ssh's configuration includes, in a directory made for the test. That ssh takes the copies inside a sandbox
// is in test/integration/portwrap/command.test.ts.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { includedSshConfig } from '../../../../portwrap/launch/ssh-config.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pw-ssh-'));
  mkdirSync(join(directory, 'ssh_config.d'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const write = (path: string, text: string) => {
  writeFileSync(join(directory, path), text);
  return { path: join(directory, path), content: text };
};

test('patterns, quoted and absolute paths and includes of includes are followed, each file once', () => {
  const one = write('ssh_config.d/1.conf', 'Host *\n');
  const policy = write('policy', 'Ciphers aes256-ctr\n');
  const two = write('ssh_config.d/2.conf', `Include ${directory}/policy\ninclude ssh_config.d/1.conf\n`);
  write('ssh_config.d/not-included', '');
  write('ssh_config', `Host *\n  Include ${directory}/ssh_config.d/*.conf "policy"\n`);
  expect(includedSshConfig(directory)).toEqual([one, two, policy]);
});

test('a symbolic link is copied to where it leads', () => {
  const target = write('target', 'Host *\n');
  symlinkSync('../target', join(directory, 'ssh_config.d/link.conf'));
  write('ssh_config', 'Include ssh_config.d/*.conf\n');
  expect(includedSshConfig(directory)).toEqual([target]);
});

test('what not everybody may read is not copied', () => {
  const { path } = write('ssh_config.d/secret.conf', 'Host secret\n');
  chmodSync(path, 0o600);
  write('ssh_config', 'Include ssh_config.d/*.conf\n');
  expect(includedSshConfig(directory)).toEqual([]);
});

test('a circle of includes ends, a file or a configuration that is missing is none', () => {
  const circle = write('circle', 'Include circle missing\n');
  write('ssh_config', 'Include circle\n');
  expect(includedSshConfig(directory)).toEqual([circle]);
  expect(includedSshConfig(join(directory, 'nowhere'))).toEqual([]);
});
