// Temporary files on disk with a size: the bound binds, nothing outside notices, and nothing is left of the file system
// however the sandbox ended. Not here: temporary files without a size (temporary.test.ts), with the service
// (spawner/servers/restart.test.ts).
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { createToolbox, destroySandbox } from '../../../portwrap/index.ts';
import { readFileOrNull } from '../../../portwrap/system/read-file.ts';
import { type Launcher, startLauncher } from '../../support/launcher.ts';
import { testAccount } from '../../support/machine/accounts.ts';
import { census } from '../../support/machine/census.ts';
import { freePorts } from '../../support/machine/free-ports.ts';
import { needsLoopDevices, needsRoot } from '../../support/reasons.ts';
import {
  becoming,
  type Installed,
  installPortwrap,
  type Mode,
  runPortwrap,
} from '../../support/run-portwrap.ts';

const program = installPortwrap();
const script = installPortwrap({ without: ['portwrap-wrapper'] });
afterAll(() => {
  program.remove();
  script.remove();
});
const patient = { timeout: 60_000 };

const { name, uid } = testAccount('a');
const mode: Mode = { name: 'root for an account', uid, become: [], options: ['--user', name] };

/** As root in mounts of its own, with that change of them. */
const inMounts = (change: string): Mode => ({
  ...mode,
  become: ['unshare', '--mount', 'sh', '-c', `${change}; exec "$@"`, 'sh'],
});
const sized = ['--temporary-size', '32M'];

async function start(installed: Installed, on: Mode, options: readonly string[], command: string) {
  const [port = 0] = await freePorts(1);
  const started = runPortwrap(installed, on, port, ['sh', '-c', command], { options });
  onTestFinished(() => void started.process.kill('SIGTERM'));
  return started;
}

async function run(installed: Installed, on: Mode, options: readonly string[], command: string) {
  const started = await start(installed, on, options, command);
  return { code: await started.ended, stdout: started.stdout(), stderr: started.stderr() };
}

/** The files behind loop devices for sandboxes of this directory; one that is removed has " (deleted)". */
function attached(directory: string): string[] {
  return readdirSync('/sys/block')
    .map((device) => (readFileOrNull(`/sys/block/${device}/loop/backing_file`) ?? '').trim())
    .filter((file) => file.startsWith(directory));
}

/** The registered directory in a line of /proc/self/mountinfo that a command has printed. */
function registered(mountinfo: string): string {
  return join('/var/tmp', /portwrap-[^/]+-\w{6}(?=\/files)/.exec(mountinfo)?.[0] ?? 'none');
}

const showMounts = 'grep loop /proc/self/mountinfo';
const fill = (file: string) => `head -c 100M /dev/zero >${file}`;

describe.each([
  ['the program', program],
  ['the script', script],
])('temporary files with a size, mounted by %s', needsLoopDevices, (_, installed) => {
  test('have that size together, on the disk, and are full when it is used up, also after a removal', async () => {
    const { code, stdout, stderr } = await run(
      installed,
      mode,
      [...sized, '--temporary', '/opt'],
      `stat -c '%a %u' /tmp /var/tmp /opt; stat -c %d /tmp /var/tmp /opt | uniq; ls -A /tmp /var/tmp /opt
       df --output=size -k /tmp | tail -1; ${fill('/tmp/x')}; ${fill('/var/tmp/y')}; rm /tmp/x
       head -c 20M /dev/zero >/var/tmp/z && rm /var/tmp/? && head -c 28M /dev/zero >/opt/z && echo fits`,
    );
    expect(code, stderr).toBe(0);
    const [tmp, varTmp, opt, device, ...rest] = stdout.trim().split('\n');
    expect([tmp, varTmp, opt]).toEqual(Array(3).fill(`1777 ${uid}`));
    expect(Number(device)).not.toBe(statSync('/var/tmp').dev);
    const size = Number(rest.at(-2)); // less the tables
    expect(size).toBeGreaterThan(29 * 1024);
    expect(size).toBeLessThan(32 * 1024);
    expect(rest.filter((line) => line !== '').slice(0, -2)).toEqual(['/opt:', '/tmp:', '/var/tmp:']);
    expect(rest.at(-1)).toBe('fits');
    expect(stderr.match(/No space left on device/g)).toHaveLength(2);
  });

  test('are a file without a name on a loop device, mounted nosuid and nodev in the sandbox only', async () => {
    const started = await start(installed, mode, sized, `${showMounts}; echo kept >/tmp/x; exec sleep 1000`);
    await expect.poll(() => started.stdout(), patient).toContain(' /var/tmp ');
    const directory = registered(started.stdout());
    expect(attached(directory)).toEqual([`${directory}/image (deleted)`]);
    expect(readdirSync(join(directory, 'files'))).toEqual([]);
    expect(readdirSync(directory).sort()).toEqual(['files', 'life']);
    for (const line of started.stdout().trim().split('\n'))
      expect(line).toMatch(/ rw,nosuid,nodev,.* - ext4 /);
    for (const pid of ['self', '1', String(started.pid)])
      expect(readFileSync(`/proc/${pid}/mountinfo`, 'utf8')).not.toContain(directory);
    started.process.kill('SIGTERM');
    await started.ended;
    expect(existsSync(directory)).toBe(false);
    await expect.poll(() => attached(directory), patient).toEqual([]);
  });

  test('where the file system cannot be mounted nothing runs, and nothing is left', async () => {
    const broken = inMounts('for d in /dev/loop*; do mount --bind /dev/null $d; done');
    const before = readdirSync('/var/tmp');
    const { code, stdout, stderr } = await run(installed, broken, sized, 'echo ran');
    expect([code, stdout]).toEqual([125, '']);
    expect(stderr).toMatch(/portwrap-wrapper: .*loop|mount: .*mount failed/);
    expect(stderr).toContain('could not be made');
    expect(stderr).toContain('(LIMITS_UNAVAILABLE)');
    const left = () => readdirSync('/var/tmp').filter((entry) => !before.includes(entry));
    await expect.poll(left, patient).toEqual([]);
  });
});

describe('temporary files with a size', needsLoopDevices, () => {
  const launch = async (on: Mode = mode) => {
    const launcher = startLauncher(program, on, {
      command: ['sh', '-c', `${showMounts}; stat -c %d /tmp; ls -A /tmp; touch /tmp/x; exec sleep 1000`],
      hostPorts: await freePorts(1),
      temporarySize: 32 * 2 ** 20,
    });
    onTestFinished(() => end(launcher));
    return launcher;
  };

  async function end(launcher: Launcher): Promise<void> {
    launcher.process.kill('SIGKILL');
    await launcher.ended;
    await destroySandbox(createToolbox(), launcher.directory);
  }

  /** Waits until its command has printed the number of its device. */
  async function deviceOf(launcher: Launcher): Promise<string> {
    await launcher.record;
    await expect.poll(() => launcher.log(), patient).toMatch(/^\d+$/m);
    return /^\d+$/m.exec(launcher.log())?.[0] ?? '';
  }

  test('of two servers of one user are two file systems', async () => {
    const launchers = [await launch(), await launch()];
    const devices = await Promise.all(launchers.map(deviceOf));
    expect(new Set(devices).size).toBe(2);
    for (const launcher of launchers) {
      expect(launcher.log()).not.toMatch(/^x$/m);
      const directory = registered(launcher.log());
      expect(attached(directory)).toHaveLength(1);
      await end(launcher);
      await expect.poll(() => attached(directory), patient).toEqual([]);
    }
  });

  test('leave neither file, nor loop device, nor mount after kill -9 of launcher and sandbox', async () => {
    const launcher = await launch();
    const { child } = await launcher.record;
    await deviceOf(launcher);
    const directory = registered(launcher.log());
    launcher.process.kill('SIGKILL');
    await launcher.ended;
    expect(attached(directory)).toHaveLength(1);
    process.kill(child.pid, 'SIGKILL');
    await expect.poll(() => attached(directory), patient).toEqual([]);
    expect(readdirSync(join(directory, 'files'))).toEqual([]);
    expect(mountedAnywhere(directory)).toEqual([]);
    expect((await run(program, mode, [], 'true')).code).toBe(0);
    await expect.poll(() => existsSync(directory), patient).toBe(false);
  });

  test('leave no loop device and no process after kill -9 at any moment of a launch', async () => {
    const before = attached('/var/tmp/portwrap-');
    for (let round = 0; round < 12; round += 1) {
      const launcher = await launch();
      await once(AbortSignal.timeout(1 + 40 * round), 'abort'); // each moment of a launch
      await end(launcher);
      await expect.poll(() => census(launcher.directory).processes, patient).toEqual([]);
    }
    const left = () => attached('/var/tmp/portwrap-').filter((file) => !before.includes(file));
    await expect.poll(left, patient).toEqual([]);
  });

  test('mount nothing on a machine whose mounts are shared', async () => {
    const launcher = await launch({
      ...mode,
      become: ['unshare', '--mount', '--propagation', 'shared', '--'],
    });
    await deviceOf(launcher);
    const mounts = readFileSync(`/proc/${launcher.process.pid}/mountinfo`, 'utf8');
    expect(mounts).toContain(' shared:');
    expect(mounts).not.toContain(registered(launcher.log()));
  });

  test('are no memory of the server: what is written there does not end it', async () => {
    const options = ['--temporary-size', '400M', '--memory', '64M'];
    const write = 'head -c 300M /dev/zero >/tmp/x && stat -c %s /tmp/x && cat /tmp/x | wc -c';
    const { code, stdout, stderr } = await run(program, mode, options, write);
    expect([code, stdout], stderr).toEqual([0, '314572800\n314572800\n']);
  });

  test('on a disk that is full are refused, and the message says so', async () => {
    const full = inMounts('mount -t tmpfs -o size=16k,mode=1777 none /var/tmp');
    const { code, stdout, stderr } = await run(program, full, sized, 'echo ran');
    expect([code, stdout]).toEqual([125, '']);
    expect(stderr).toContain('No space left on device');
    expect(stderr).toContain('(LIMITS_UNAVAILABLE)');
  });
});

describe('a size of temporary files on disk is refused', needsRoot, () => {
  test.each([
    [
      'to an ordinary user',
      { name, uid, become: becoming(name), options: [] },
      'only root can bound temporary files on disk',
      'quotas of the file system',
    ],
    [
      'without mkfs.ext4',
      inMounts(
        `f=$(mktemp); mount --bind "$f" ${execFileSync('which', ['mkfs.ext4']).toString().trim()}; rm "$f"`,
      ),
      'the program "mkfs.ext4" is not installed',
      'apt-get install e2fsprogs',
    ],
    [
      'without loop devices',
      // all of /dev but that
      inMounts(
        'mkdir /run/h && mount --rbind /dev /run/h && mount -t tmpfs -o mode=755 dev /dev && cd /run/h && for n in *; do [ "$n" = loop-control ] || { if [ -d "$n" ] && [ ! -L "$n" ]; then mkdir "/dev/$n"; else : >"/dev/$n"; fi; mount --rbind "$n" "/dev/$n"; } 2>/dev/null; done; cd /; umount -l /run/h; rmdir /run/h',
      ),
      '/dev/loop-control does not exist',
      'modprobe loop',
    ],
  ])('%s, with what mends it, and nothing runs', async (_, on, message, mend) => {
    const { code, stdout, stderr } = await run(program, on, sized, 'echo ran');
    expect(stdout).toBe('');
    expect(stderr).toContain(message);
    expect(stderr).toContain(mend);
    expect(code).not.toBe(0);
  });
});

/** The processes that have a mount of that directory. */
function mountedAnywhere(directory: string): string[] {
  return readdirSync('/proc').filter(
    (pid) => /^\d+$/.test(pid) && (readFileOrNull(`/proc/${pid}/mountinfo`) ?? '').includes(directory),
  );
}
