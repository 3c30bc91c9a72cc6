// Both forms of the launch wrapper do the same: the program, and the script where it was not compiled.
// Not here: their arguments (unit/portwrap/launch/wrapper/), what else a launch does, with the program (the other files).
import { execFileSync } from 'node:child_process';
import { constants } from 'node:os';
import { afterAll, describe, expect, test } from 'vitest';
import { fetchText } from '../../support/http.ts';
import { startLauncher } from '../../support/launcher.ts';
import { census } from '../../support/machine/census.ts';
import { freePorts } from '../../support/machine/free-ports.ts';
import { needsRoot } from '../../support/reasons.ts';
import { installPortwrap, type Mode, modes, runPortwrap } from '../../support/run-portwrap.ts';

const forms = [
  { form: 'the program', installed: installPortwrap() },
  { form: 'the script', installed: installPortwrap({ without: ['portwrap-wrapper'] }) },
];
afterAll(() => {
  for (const { installed } of forms) installed.remove();
});
const cases = forms.flatMap((form) => modes().map((mode) => ({ ...form, mode })));

/** `mode` on a machine whose mounts `script` has changed. */
function onMachine(mode: Mode, script: string): Mode {
  return {
    ...mode,
    become: ['unshare', '--mount', 'sh', '-ec', `${script}; exec "$@"`, 'sh', ...mode.become],
  };
}

const signals = (['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGTERM'] as const).map(
  (name) => constants.signals[name],
);

/** Which of `signals` are ignored, from a line of /proc/PID/status. */
function ignored(line: string): number[] {
  const mask = BigInt(`0x${line.split('\t')[1] ?? '0'}`);
  return signals.filter((signal) => (mask >> BigInt(signal - 1)) & 1n);
}

describe.each(cases)('$form, by $mode.name', ({ installed, mode }) => {
  async function run(on: Mode, options: readonly string[], ...command: string[]) {
    const [port = 0] = await freePorts(1);
    const started = runPortwrap(installed, on, port, command, { options });
    const code = await started.ended;
    await expect.poll(() => census(started.scratch).processes).toEqual([]);
    return { code, stdout: started.stdout(), stderr: started.stderr() };
  }

  test('runs a command at terminals of its own, with low ports and queries as its policy has them', async () => {
    const script = `test "$(python3 -c 'import os, pty; print(os.ttyname(pty.openpty()[1]))')" = /dev/pts/0 &&
cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/net/ipv4/conf/all/route_localnet; exit 7`;
    expect(await run(mode, ['-P', '80'], 'sh', '-c', script)).toEqual({
      code: 7,
      stdout: '0\n1\n',
      stderr: '',
    });
    const without = await run(mode, ['--no-dns'], 'sh', '-c', script);
    expect(without).toEqual({ code: 7, stdout: '1024\n0\n', stderr: '' });
  });

  test('gives the command the signals of its terminal, and none to what watches it', async () => {
    const [port = 0] = await freePorts(1);
    const command = ['grep', '-h', 'SigIgn', '/proc/self/status', '/proc/1/status'];
    const started = runPortwrap(installed, mode, port, ['sh', '-c', `${command.join(' ')}; exec sleep 1000`]);
    await expect.poll(() => started.stdout().split('\n').length, { timeout: 20_000 }).toBe(3);
    const [own = '', first = ''] = started.stdout().split('\n');
    expect([ignored(own), ignored(first)]).toEqual([[], signals]);
    started.process.kill('SIGTERM');
    expect(await started.ended).toBe(143);
  });

  test(
    'makes a detached sandbox that outlives its launcher, with the policy in its network',
    needsRoot,
    async () => {
      const hostPorts = await freePorts(1);
      const command = ['node', installed.fixture('serve.mjs'), 'it', '8888'];
      const launcher = startLauncher(installed, mode, { command, hostPorts });
      const { child, hostPort } = await launcher.record;
      launcher.process.kill('SIGKILL');
      await launcher.ended;
      await expect.poll(() => fetchText(hostPort), { interval: 20, timeout: 15_000 }).toBe('it:8888');
      const network = `--net=/proc/${child.pid}/ns/net`;
      expect(execFileSync('nsenter', [network, 'nft', 'list', 'ruleset']).toString()).toContain(
        'table inet portwrap',
      );
      process.kill(child.pid, 'SIGKILL');
      await expect.poll(() => census(launcher.directory).processes, { timeout: 20_000 }).toEqual([]);
    },
  );

  test('runs nothing where a terminal of the machine cannot be replaced', needsRoot, async () => {
    // its ptmx is replaced by that of /dev/pts, which is not there
    const machine = onMachine(
      mode,
      `mount -t tmpfs tmpfs /run; mkdir -p /run/machine-dev; mount --rbind /dev /run/machine-dev; mount -t tmpfs -o mode=755 dev /dev; : >/dev/ptmx
for name in null zero full random urandom tty; do : >/dev/$name; mount --bind /run/machine-dev/$name /dev/$name; done
mkdir /dev/net; : >/dev/net/tun; mount --bind /run/machine-dev/net/tun /dev/net/tun; mount --bind /run/machine-dev/pts/ptmx /dev/ptmx`,
    );
    const { code, stdout, stderr } = await run(machine, [], 'echo', 'ran');
    expect([code, stdout]).toEqual([125, '']);
    expect(stderr).toContain('the terminals of the sandbox could not be mounted');
  });
});
