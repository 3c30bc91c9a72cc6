// The doctor's probes for real: on this machine as it is, and with one thing broken each, in a mount or user
// namespace of the test's own, so that the machine is never changed. Not here: judging (test/unit).
import { execFileSync, spawnSync } from 'node:child_process';
import { afterAll, describe, expect, test } from 'vitest';
import type { Check, DoctorRequest } from '../../../portwrap/index.ts';
import { forwarderNames } from '../../../portwrap/index.ts';
import { testAccount } from '../../support/machine/accounts.ts';
import { census } from '../../support/machine/census.ts';
import { needsLoopDevices, needsRoot } from '../../support/reasons.ts';
import { becoming, installPortwrap, modes } from '../../support/run-portwrap.ts';

const installed = installPortwrap();
afterAll(() => installed.remove());

type Options = Omit<Partial<DoctorRequest>, 'tools' | 'uid'>;

/** Runs the doctor behind `before`; its marker is its temporary directory. */
function examine(before: readonly string[], options: Options = {}) {
  const doctor = [process.execPath, installed.fixture('doctor.mjs'), `${installed.directory}/dist`];
  const [program = '', ...argv] = [...before, ...doctor, JSON.stringify(options)];
  const temporary = execFileSync('mktemp', ['-d', `${installed.directory}/doctor-XXXXXX`])
    .toString()
    .trim();
  execFileSync('chmod', ['1777', temporary]);
  const run = spawnSync(program, argv, {
    cwd: '/',
    env: { PATH: '/usr/sbin:/usr/bin:/bin', TMPDIR: temporary },
    encoding: 'utf8',
  });
  expect(run.stderr).toBe('');
  expect(census(temporary)).toEqual({ processes: [], files: [] });
  const checks = JSON.parse(run.stdout) as Check[];
  const bad = checks.filter(({ status }) => status === 'failed');
  return { code: run.status, checks, failed: bad.map(({ name }) => name), bad };
}

describe.each(modes())('the doctor started by $name', (mode) => {
  const user = mode.options[1];

  test.each(forwarderNames)('finds nothing broken here, and launches with %s', (forwarder) => {
    const { code, checks, failed } = examine(mode.become, { user, network: { forwarder, uplink: null } });
    expect({ code, failed }).toEqual({ code: 0, failed: [] });
    expect(checks.find(({ name }) => name === 'launch')?.what).toContain(`ready behind ${forwarder}`);
  });
});

/** Runs what follows in a mount namespace of its own, after `script`. */
const inMounts = (script: string) => ['unshare', '--mount', 'sh', '-c', `${script}\nexec "$@"`, 'sh'];

describe('the doctor of a machine', needsRoot, () => {
  const user = testAccount('a').name;

  test.each([
    ['without nft', 'nft', 'apt-get install nftables', ['nft', 'network policy', 'launch']],
    ['without slirp4netns', 'slirp4netns', 'apt-get install slirp4netns', ['slirp4netns', 'launch']],
    ['without setpriv', 'setpriv', 'apt-get install util-linux', ['setpriv', 'sandbox', 'launch']],
  ])('%s names the package', (_, program, fix, names) => {
    const path = execFileSync('which', [program], { encoding: 'utf8' }).trim();
    const hidden = `touch /var/tmp/empty-$$; chmod 644 /var/tmp/empty-$$; mount --bind /var/tmp/empty-$$ ${path}; rm /var/tmp/empty-$$ 2>/dev/null`;
    const { code, failed, bad } = examine(inMounts(hidden), { user });
    expect(code).toBe(1);
    expect(failed).toEqual(expect.arrayContaining(names));
    expect(bad.find(({ name }) => name === program)?.fix).toBe(fix);
  });

  describe('without slirp4netns and without a tun device', () => {
    const hidden = execFileSync('which', ['slirp4netns'], { encoding: 'utf8' }).trim();
    // a tmpfs is not executable, and nothing but /dev/net is to change
    const script = `f=$(mktemp); mount --bind "$f" ${hidden}; rm "$f"; mount -t tmpfs none /dev/net`;
    const network = (forwarder: 'builtin' | 'slirp4netns') => ({ forwarder, uplink: null });
    const reach = (internet: boolean, dns: boolean) => ({ internet, dns, hosts: [] });

    test('finds nothing broken when the sandboxes need no way out', () => {
      const options = { user, network: network('builtin'), reach: reach(false, false) };
      const { code, failed, checks } = examine(inMounts(script), options);
      expect({ code, failed }).toEqual({ code: 0, failed: [] });
      expect(checks.find(({ name }) => name === 'launch')?.what).toMatch(/^ready behind builtin after/);
    });

    test.each([
      ['the internet', network('builtin'), reach(true, false)],
      ['DNS', network('builtin'), reach(false, true)],
      ['nothing, but with the forwarder slirp4netns', network('slirp4netns'), reach(false, false)],
    ])('names both when they reach %s', (_, choice, wanted) => {
      const { code, failed } = examine(inMounts(script), { user, network: choice, reach: wanted });
      expect(code).toBe(1);
      expect(failed).toEqual(expect.arrayContaining(['slirp4netns', 'tun device', 'launch']));
    });
  });

  test(
    'launches with a size of temporary files on disk, and names it where it cannot be',
    needsLoopDevices,
    () => {
      const options = { user, temporarySize: 2 ** 26 };
      const { failed, checks } = examine([], options);
      expect(failed).toEqual([]);
      expect(checks.find(({ name }) => name === 'temporary files')?.what).toContain('can be bounded on disk');
      const { bad } = examine(becoming(user), { temporarySize: 2 ** 26 });
      expect(bad.map(({ name }) => name)).toEqual(['temporary files', 'launch']);
      expect(bad[0]?.fix).toContain('leave out the size');
    },
  );

  const device = (mode: string) =>
    inMounts(
      `d=$(mktemp -d); mknod "$d/tun" c 10 200; chmod ${mode} "$d/tun"; mount --bind "$d/tun" /dev/net/tun; rm "$d/tun" && rmdir "$d"`,
    );

  test('whose tun device is closed to an ordinary user names the chmod', () => {
    const { failed, bad } = examine([...device('0600'), ...becoming(user)]);
    expect(failed).toEqual(['tun device', 'launch']);
    expect(bad.map(({ fix }) => fix)).toEqual([
      'chmod 0666 /dev/net/tun',
      expect.stringContaining('chmod 0666 /dev/net/tun'),
    ]);
  });

  test('finds nothing broken with a tun device of the same making that is open', () => {
    expect(examine([...device('0666'), ...becoming(user)]).failed).toEqual([]);
  });

  test.each([
    ['no tun device', ':', 'modprobe tun', ''],
    ['a file in its place', 'touch /dev/net/tun', expect.stringContaining('mknod'), 'tun'],
  ])('with %s names what mends it, and makes no file there', (_, make, fix, left) => {
    const script = `mount -t tmpfs none /dev/net; ${make}; "$@"; code=$?; [ "$(ls /dev/net)" = "${left}" ] || echo made >&2; exit $code`;
    const { bad } = examine(['unshare', '--mount', 'sh', '-c', script, 'sh'], { user });
    expect(bad.find(({ name }) => name === 'tun device')?.fix).toEqual(fix);
  });

  test('that forbids user namespaces names the sysctl', () => {
    const forbid = 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"';
    const nested = ['unshare', '--user', '--map-root-user', 'sh', '-c', forbid, 'sh'];
    const asUser = ['setpriv', '--inh-caps=-all', '--bounding-set=-all', '--'];
    const { failed, bad } = examine([...becoming(user), ...nested, ...asUser]);
    expect(failed).toEqual(expect.arrayContaining(['sandbox', 'namespaces', 'launch']));
    expect(bad.find(({ name }) => name === 'sandbox')).toMatchObject({
      what: expect.stringContaining('max_*_namespaces exceeded'),
      fix: 'sysctl -w user.max_user_namespaces=65536',
    });
  });

  test('whose descriptors and open files are not as they should be is warned about both', () => {
    const shell = [
      'bash',
      '--norc',
      '-c',
      'ulimit -Sn 900; ulimit -Hn 1000; exec 40</etc/hostname; exec "$@"',
      'bash',
    ];
    const { code, checks } = examine(shell, { user });
    const warned = checks
      .filter(({ status }) => status === 'warning')
      .map(({ name, what }) => `${name}: ${what}`);
    expect(code).toBe(0);
    expect(warned.join()).toMatch(/descriptors: inherited: .*40 \(\/etc\/hostname\)/);
    expect(warned).toContain('open files: at most 1000');
  });
});
