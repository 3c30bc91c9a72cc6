// Temporary files of a sandbox: where they are, who reaches them, and that they are gone afterwards whatever the user
// left there and however the sandbox ended. Not here: those of the service (test/integration/spawner/servers/).
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { testAccount } from '../../support/machine/accounts.ts';
import { freePorts } from '../../support/machine/free-ports.ts';
import { needsRoot } from '../../support/reasons.ts';
import {
  becoming,
  installPortwrap,
  type Mode,
  modes,
  type Run,
  runPortwrap,
} from '../../support/run-portwrap.ts';

const installed = installPortwrap();
const outside = mkdtempSync(join(installed.directory, 'outside-'));
afterAll(() => installed.remove());

async function start(mode: Mode, options: readonly string[], script: string): Promise<Run> {
  const [port = 0] = await freePorts(1);
  return runPortwrap(installed, mode, port, ['sh', '-c', script], { options });
}

async function run(mode: Mode, options: readonly string[], script: string) {
  const started = await start(mode, options, script);
  return { code: await started.ended, stdout: started.stdout(), stderr: started.stderr() };
}

/** Starts it with `echo up` before the command, and waits for that. Returns the registered directory too. */
async function startWaiting(mode: Mode, options: readonly string[] = []) {
  const started = await start(
    mode,
    options,
    'echo up; mountpoint -q /tmp && grep " /tmp " /proc/self/mountinfo; exec sleep 1000',
  );
  await expect.poll(() => started.stdout(), { timeout: 20_000 }).toContain(' /tmp ');
  const name = /portwrap-[^/]+-\w{6}(?=\/files)/.exec(started.stdout())?.[0] ?? '';
  return { started, directory: join('/var/tmp', name) };
}

const isGone = (path: string) => expect.poll(() => existsSync(path), { timeout: 20_000 }).toBe(false);

describe.each(modes())('temporary files of a portwrap started by $name', (mode) => {
  test('/tmp, /var/tmp and --temporary are on the disk of /var/tmp, empty, and open to every program', async () => {
    const { stdout } = await run(
      mode,
      ['--temporary', '/opt'],
      'stat -c "%a %d" /tmp /var/tmp /opt; ls -A /tmp /var/tmp /opt; touch /tmp/a; ls /var/tmp /opt',
    );
    const { dev } = statSync('/var/tmp');
    expect(stdout.split('\n').slice(0, 3)).toEqual(Array(3).fill(`1777 ${dev}`));
    expect(stdout.split('\n').slice(3).filter(Boolean)).toEqual([
      ...['/opt:', '/tmp:', '/var/tmp:'],
      ...['/opt:', '/var/tmp:'],
    ]);
  });

  test('nothing is left, whatever the command left there, and nothing outside is touched', async () => {
    writeFileSync(join(outside, 'kept'), '');
    chmodSync(outside, 0o777);
    const { started, directory } = await startWaiting(mode);
    started.process.kill('SIGKILL');
    await started.ended;
    await isGone(`/proc/${started.pid}`);
    const left = await run(
      mode,
      [],
      `cd /tmp; mkdir -p closed/in deep; touch closed/in/x; chmod 0 closed/in closed
       ln -s ${outside} link; ln -s ${outside} deep/link; mkfifo fifo; touch -- -rf '*' '
       '; grep " /tmp " /proc/self/mountinfo`,
    );
    const own = /portwrap-[^/]+-\w{6}(?=\/files)/.exec(left.stdout)?.[0] ?? '';
    expect(own).not.toBe('');
    expect(existsSync(join('/var/tmp', own))).toBe(false);
    expect(existsSync(join(outside, 'kept'))).toBe(true);
    await isGone(directory); // that of the killed one, by the later run
  });

  test('the files of one that lives are kept by another run', async () => {
    const { started, directory } = await startWaiting(mode);
    expect((await run(mode, [], 'true')).code).toBe(0);
    expect(existsSync(join(directory, 'files', '0-tmp'))).toBe(true);
    started.process.kill('SIGTERM');
    await started.ended;
    expect(existsSync(directory)).toBe(false);
  });

  test('those of another boot are removed, those of another host are not', async () => {
    const nameOf = (host: string) => `/var/tmp/portwrap-${host}-${'0'.repeat(32)}-abcdef`;
    const [dead, foreign] = [nameOf(encodeURIComponent(hostname())), nameOf('another-host')];
    for (const path of [dead, foreign]) {
      const script = `mkdir -m 711 ${path} && mkdir -m 700 ${path}/files && mkdir ${path}/files/0-tmp && touch ${path}/files/0-tmp/x`;
      execFileSync('setpriv', [
        ...(mode.become.length > 0 ? mode.become.slice(1) : ['--']),
        'sh',
        '-c',
        script,
      ]);
    }
    try {
      const sweeper = await start(mode, [], 'exec sleep 1000');
      await isGone(dead);
      sweeper.process.kill('SIGTERM');
      await sweeper.ended;
      expect(existsSync(foreign)).toBe(true);
    } finally {
      for (const path of [dead, foreign]) rmSync(path, { recursive: true, force: true });
    }
  });

  test('--temporary-in memory: bounded, and nothing on disk', async () => {
    const options = ['--temporary-in', 'memory', '--temporary-size', '1M'];
    const { stdout, stderr } = await run(
      mode,
      options,
      'stat -f -c %T /tmp /var/tmp; df --output=size -B1 /tmp | tail -1; head -c 2000000 /dev/zero >/tmp/x',
    );
    expect(stdout.trim().split(/\s+/)).toEqual(['tmpfs', 'tmpfs', '1048576']);
    expect(stderr).toContain('No space left on device');
  });

  test('--temporary-in DIRECTORY: there, hidden from other sandboxes, and gone afterwards', async () => {
    const scratch = mkdtempSync(join(installed.directory, 'scratch-'));
    chmodSync(scratch, 0o1777);
    const options = ['--temporary-in', scratch];
    const own = join(scratch, `portwrap-${mode.uid}`);
    const other = await start(mode, options, 'echo secret >/tmp/x; echo up; exec sleep 1000');
    await expect.poll(() => other.stdout(), { timeout: 20_000 }).toBe('up\n');
    expect(readdirSync(own)).toHaveLength(1);
    expect(statSync(own).mode & 0o777).toBe(0o700);
    const seen = await run(mode, options, `ls -A ${own} /tmp; touch /tmp/x /var/tmp/y`);
    expect(seen).toMatchObject({ code: 0, stdout: `${own}:\n\n/tmp:\n` });
    expect(readdirSync(own)).toHaveLength(1);
    other.process.kill('SIGTERM');
    await other.ended;
    expect(readdirSync(scratch)).toEqual([]);
  });

  test('--temporary-in a directory that the user cannot use is refused by name, and nothing runs', async () => {
    const closed = mkdtempSync(join(installed.directory, 'closed-'));
    chmodSync(closed, 0o555);
    if (mode.become.length > 0 || mode.options.length > 0) {
      const { code, stdout, stderr } = await run(mode, ['--temporary-in', closed], 'echo ran');
      expect([code, stdout]).toEqual([125, '']);
      expect(stderr).toContain(`${closed} cannot be used`);
      expect(stderr).toContain('Permission denied');
    }
    expect((await run(mode, ['--temporary-in', '/no/such'], 'echo ran')).stderr).toContain('/no/such');
  });
});

describe('as root', needsRoot, () => {
  const { name, uid } = testAccount('a');
  const mode: Mode = { name: 'root', uid, become: [], options: ['--user', name] };

  test('another account reaches no temporary file, and its user cannot change what is around them', async () => {
    const { started, directory } = await startWaiting(mode);
    const as = (account: string, script: string) => {
      const [program = '', ...argv] = [...becoming(account), 'sh', '-c', script];
      return spawnSync(program, argv, { encoding: 'utf8', cwd: '/' });
    };
    const other = as(testAccount('b').name, `ls ${directory}/files; cat ${directory}/files/0-tmp/x`);
    expect(other.stderr.match(/Permission denied/g)).toHaveLength(2);
    const own = as(
      name,
      `ln -s /etc ${directory}/new; rm ${directory}/life; mv ${directory}/files ${directory}/f`,
    );
    expect(own.stderr.match(/Permission denied/g)).toHaveLength(3);
    started.process.kill('SIGTERM');
    await started.ended;
    expect(existsSync(directory)).toBe(false);
  });

  test('a link in place of the own directory is refused, and nothing is made behind it', async () => {
    const scratch = mkdtempSync(join(installed.directory, 'scratch-'));
    const target = mkdtempSync(join(installed.directory, 'target-'));
    for (const path of [scratch, target]) chmodSync(path, 0o1777);
    execFileSync('ln', ['-s', target, join(scratch, `portwrap-${uid}`)]);
    const { code, stdout, stderr } = await run(mode, ['--temporary-in', scratch], 'echo ran');
    expect([code, stdout]).toEqual([125, '']);
    expect(stderr).toContain('belongs to another account or is a link');
    expect(readdirSync(target)).toEqual([]);
  });

  /** In mounts of its own; $PORTWRAP runs a command of the user. */
  const inOwnMounts = (script: string) =>
    spawnSync('unshare', ['--mount', '--propagation', 'private', '--', 'sh', '-c', `cd /\n${script}`], {
      encoding: 'utf8',
      env: {
        PATH: process.env.PATH,
        PORTWRAP: `${process.execPath} ${resolve('dist/portwrap/main.js')} -p 0 -P 8888 --user ${name}`,
      },
    });

  test.each([
    ['full', 'mount -t tmpfs -o nr_inodes=1,mode=1777 none /var/tmp', 'ENOSPC'],
    ['read-only', 'mount -t tmpfs -o ro none /var/tmp', 'EROFS'],
  ])('a disk that is %s is refused, with what to do', (_, mount, reason) => {
    const { status, stdout, stderr } = inOwnMounts(`${mount}; $PORTWRAP echo ran`);
    expect([status, stdout]).toEqual([74, '']);
    expect(stderr).toContain('STORAGE_FAILED');
    expect(stderr).toContain(reason);
    expect(stderr).toContain('--temporary-in memory');
  });

  test.each(['var/tmp', '/var/tmp', '/srv/tmp'])('a machine whose /tmp is a link to %s', (target) => {
    const { stdout, stderr } = inOwnMounts(`
      mount -t tmpfs none /mnt && cd /mnt
      for at in /*; do
        case $at in /tmp | /mnt) continue ;; esac
        if [ -L "$at" ]; then cp -P "$at" .; elif [ -d "$at" ]; then mkdir ".$at"; mount --rbind "$at" ".$at"; fi
      done
      mount -t tmpfs none srv && mkdir -m 1777 srv/tmp && mkdir mnt
      ln -s ${target} tmp && pivot_root . mnt && cd / && umount -l /mnt
      echo >/tmp/of-the-host
      for view in host strict; do $PORTWRAP --view $view -- sh -c 'cd /tmp && ls -A && touch x && ls -A /tmp'; done
      rm /tmp/of-the-host`);
    expect(stdout, stderr).toBe('x\nx\n');
  });

  test('no file system that the user mounted there is entered', async () => {
    const scratch = mkdtempSync(join(installed.directory, 'scratch-'));
    chmodSync(scratch, 0o1777);
    mkdirSync(join(scratch, 'other'));
    // in a /var/tmp of its own: what could not be removed stays registered, and any launch of root would remove it
    const { stdout, stderr } = inOwnMounts(`
      mount -t tmpfs -o mode=1777 none /var/tmp
      mount -t tmpfs none ${scratch}/other && echo kept >${scratch}/other/file && chmod 666 ${scratch}/other/file
      chmod 1777 ${scratch}/other; mkfifo -m 666 ${scratch}/go
      $PORTWRAP --temporary-in ${scratch} -- sh -c 'echo up; read -r go <${scratch}/go' &
      exec 3>${scratch}/go; set -- ${scratch}/portwrap-${uid}/*/0-tmp
      mkdir -m 777 "$1/mounted" && mount --bind ${scratch}/other "$1/mounted"
      echo >&3; exec 3>&-; wait; cat ${scratch}/other/file
      echo registered $(ls /var/tmp | wc -l)
      umount "$1/mounted"; $PORTWRAP echo again
      while [ "$(ls /var/tmp)" ]; do sleep 0.1; done`);
    expect(stdout, stderr).toBe('up\nkept\nregistered 1\nagain\n');
    expect(readdirSync(scratch).sort()).toEqual(['go', 'other']);
  });
});
