// What is done about missing system packages, with an apt-get that only takes notes.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const module = new URL('../../../scripts/setup/packages.mjs', import.meta.url).href;
const root = 0;
const ordinaryUser = 1000;

describe('a missing command', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'pws-'));
    chmodSync(folder, 0o755);
    // "Installs" the command that the test misses.
    stub(
      'apt-get',
      `echo "$DEBIAN_FRONTEND $*" >> ${folder}/notes; case "$*" in *" install "*) ${install};; esac`,
    );
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const install =
    'printf "#!/bin/sh\\n" > $0.tmp && chmod 755 $0.tmp && mv $0.tmp "$(dirname $0)/no-such-command"';

  function stub(name: string, body: string): void {
    writeFileSync(join(folder, name), `#!/bin/sh\nPATH=${folder}:/usr/bin:/bin\n${body}\n`, { mode: 0o755 });
  }

  function ensure(commands: Record<string, string>, uid: number) {
    const source = `
      process.getuid = () => ${uid};
      import { ensureSystemPackages } from ${JSON.stringify(module)};
      try {
        console.log('python', await ensureSystemPackages({ commands: ${JSON.stringify(commands)}, modules: {} }));
      } catch (error) {
        console.log(error.message);
        process.exitCode = error.exitCode;
      }`;
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', source], {
      encoding: 'utf8',
      env: { PATH: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return { status, output: stdout + stderr };
  }

  const notes = () =>
    existsSync(join(folder, 'notes')) ? readFileSync(join(folder, 'notes'), 'utf8').split('\n') : [];

  test.each([
    ['by root', root],
    ['with sudo', ordinaryUser],
  ])('is installed %s, with one update and one installation, both shown', (_, uid) => {
    if (uid !== root) stub('sudo', 'test "$1" = -n || exit 1; shift; exec env "$@"');
    const { status, output } = ensure({ 'no-such-command': 'some-package' }, uid);
    expect(output).toMatch(/> Reading the package lists \(apt-get update\)\n {2}done in/);
    expect(output).toMatch(/> Installing some-package\n {2}done in/);
    expect(status).toBe(0);
    expect(notes()).toEqual([
      'noninteractive -q -o Dpkg::Use-Pty=0 update',
      'noninteractive -q -o Dpkg::Use-Pty=0 install -y --no-install-recommends some-package',
      '',
    ]);
  });

  test('that the package turns out not to have is told, and not looked for again', () => {
    const { status, output } = ensure({ 'some-other-command': 'some-package' }, root);
    expect(status).toBe(1);
    expect(output).toContain('Still missing after the installation: some-other-command.');
    expect(notes()).toHaveLength(3);
  });

  test('is not looked for twice when it is there: apt-get is never called', () => {
    const { status, output } = ensure({ 'apt-get': 'apt' }, root);
    expect({ status, output }).toEqual({ status: 0, output: expect.stringMatching(/^python \/\S+\n$/) });
    expect(notes()).toEqual([]);
  });

  test('is left to a person without root and sudo, with the one command', () => {
    const { status, output } = ensure({ 'no-such-command': 'some-package', other: 'another' }, ordinaryUser);
    expect(status).toBe(1);
    expect(output).toContain(
      "sudo sh -c 'apt-get update && apt-get install -y --no-install-recommends another some-package'",
    );
    expect(notes()).toEqual([]);
  });

  test('is named on a machine without apt-get', () => {
    rmSync(join(folder, 'apt-get'));
    const { status, output } = ensure({ 'no-such-command': 'some-package' }, root);
    expect(status).toBe(1);
    expect(output).toContain('Missing on this machine (by their Debian names): some-package.');
  });
});
