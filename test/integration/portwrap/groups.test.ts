// The groups of an account inside, in launches of root: programs see and use them as outside. Not here: what a launch
// without root cannot do (docs/decisions/0024-no-root-in-the-sandbox.md).
import { mkdtempSync, rmSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { accountName, testAccount } from '../../support/machine/accounts.ts';
import { freePorts } from '../../support/machine/free-ports.ts';
import { runId } from '../../support/machine/run-id.ts';
import { needsRoot } from '../../support/reasons.ts';
import { installPortwrap, modes, runPortwrap } from '../../support/run-portwrap.ts';

const installed = installPortwrap();
const own = mkdtempSync(`/srv/pw-${runId()}-`);
afterAll(() => {
  rmSync(own, { recursive: true });
  installed.remove();
});

/** Runs a script on a machine on which the account is in the group `project`, 48123. */
async function run(script: string) {
  const [mode] = modes();
  if (mode === undefined) throw new Error('no mode');
  const { uid, gid } = testAccount('a');
  const prepare = `mount -t tmpfs -o uid=${uid},gid=${gid} none ${own}; cp /etc/group ${own}
echo project:x:48123:${accountName('a')} >>${own}/group; mount --bind ${own}/group /etc/group; exec "$@"`;
  const [port = 0] = await freePorts(1);
  const become = ['unshare', '--mount', 'sh', '-ec', prepare, 'sh', ...mode.become];
  const command = ['sh', '-ec', `cd ${own}; ${script}`];
  const started = runPortwrap(installed, { ...mode, become }, port, command);
  return { code: await started.ended, stdout: started.stdout(), stderr: started.stderr() };
}

describe('as root for an account', needsRoot, () => {
  test('files of an own group are shown with it, and can be given to it', async () => {
    const script = 'touch a; chgrp project a; install -g project a b; stat -c %G a b';
    expect(await run(script)).toEqual({ code: 0, stdout: 'project\nproject\n', stderr: '' });
  });

  test('a directory of an own group hands it on', async () => {
    const script = 'mkdir d; chgrp project d; chmod g+s d; mkdir d/e; touch d/e/f; stat -c "%A %G" d/e d/e/f';
    expect((await run(script)).stdout).toBe('drwxr-sr-x project\n-rw-r--r-- project\n');
  });

  test('no other group can be used, and root stays nobody', async () => {
    const { stdout } = await run(
      'touch a; chgrp 48124 a 2>/dev/null || stat -c %g a; stat -c %U /; cat /proc/self/uid_map /proc/self/setgroups',
    );
    const { uid, gid } = testAccount('a');
    const numbers = stdout.trim().split(/\s+/);
    expect(numbers).toEqual([`${gid}`, 'nobody', `${uid}`, `${uid}`, '1', 'deny']);
  });
});
