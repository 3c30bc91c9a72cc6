// Terminals: those of the machine are out of reach, programs inside open their own, and the caller's stays usable.
// Not here: hangups and signals of a terminal (habits.test.ts, ending.test.ts).
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { freePorts } from '../../support/machine/free-ports.ts';
import { runId } from '../../support/machine/run-id.ts';
import { needsRoot, skipIf } from '../../support/reasons.ts';
import { installPortwrap, type Mode, modes, runPortwrap } from '../../support/run-portwrap.ts';

const installed = installPortwrap();
/** A second place at which the terminals of the machine are mounted, as in a directory for chroot(1). */
const chroot = mkdtempSync(`/opt/pw-${runId()}-`);
beforeAll(() => chmodSync(chroot, 0o755));
afterAll(() => {
  rmSync(chroot, { recursive: true });
  installed.remove();
});

/** A terminal of the account outside; `end` returns what was written to it. */
async function outerTerminal(uid: number) {
  const program = spawn('/usr/bin/python3', [installed.fixture('outer-terminal.py'), String(uid)]);
  let said = '';
  program.stdout.on('data', (chunk: Buffer) => {
    said += String(chunk);
  });
  await vi.waitUntil(() => said.includes('\n'), { timeout: 20_000, interval: 25 });
  return {
    path: said.trim(),
    async end() {
      program.stdin.end();
      await once(program, 'close');
      return said.split('\n')[1];
    },
  };
}

async function run(mode: Mode, view: string, ...command: string[]) {
  const [port = 0] = await freePorts(1);
  const started = runPortwrap(installed, mode, port, command, { options: wordsOf(view) });
  return { code: await started.ended, stdout: started.stdout(), stderr: started.stderr() };
}

/** `mode` on a machine whose mounts `script` has changed. */
function onMachine(mode: Mode, script: string): Mode {
  return {
    ...mode,
    become: ['unshare', '--mount', 'sh', '-ec', `${script}; exec "$@"`, 'sh', ...mode.become],
  };
}

const openTerminal = 'import os, pty; print(os.ttyname(pty.openpty()[1]))';
const wordsOf = (options: string) => options.split(' ').filter(Boolean);
const views = ['', '--devices basic', '--view strict', '--view strict --devices basic'];

const needsConsole = skipIf(!existsSync('/dev/console'), 'needs /dev/console');

/** Prints the name of its terminal and its size, and writes to it by /dev/tty. */
const terminalWorks = 'tty; stty size; echo x >/dev/tty';

/** Devices as in a container without a terminal: no /dev/console. For onMachine. */
const ownDevices = `mount --rbind /dev ${chroot}; mount -t tmpfs -o mode=755 dev /dev
mkdir /dev/net /dev/shm /dev/pts /dev/mqueue; ln -s pts/ptmx /dev/ptmx; ln -s /proc/self/fd /dev/fd
for name in null zero full random urandom tty net/tun; do : >/dev/$name; mount --bind ${chroot}/$name /dev/$name; done
mount --bind ${chroot}/pts /dev/pts`;

/** Runs a shell script in a sandbox from a terminal of 33 lines and 77 columns; what was written to it. */
async function inTerminal(mode: Mode, view: string, script: string): Promise<string> {
  const [port = 0] = await freePorts(1);
  const argv = [
    ...mode.become,
    ...[process.execPath, installed.main, '-p', String(port), '-P', '8888', ...mode.options],
    ...[...wordsOf(view), 'sh', '-c', script],
  ];
  const line = argv.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  const program = spawn('script', ['-qec', `stty rows 33 cols 77; ${line}`, '/dev/null'], {
    cwd: '/',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  program.stdout.on('data', (chunk: Buffer) => {
    said += String(chunk);
  });
  await once(program, 'close');
  return said;
}

describe.each(modes())('in a sandbox started by $name', (mode) => {
  test.each(views)("no terminal of the machine is in reach, also the user's own (%s)", async (view) => {
    const terminal = await outerTerminal(mode.uid);
    const write = 'for path in "$@" /dev/pts/*; do echo intruder >"$path"; done 2>/dev/null; echo tried';
    const { stdout } = await run(mode, view, 'sh', '-c', write, 'sh', terminal.path);
    expect(stdout).toBe('tried\n');
    expect(await terminal.end()).toBe('written: ');
  });

  test.each(views)('programs open terminals of their own (%s)', async (view) => {
    const { stdout } = await run(mode, view, '/usr/bin/python3', '-c', openTerminal);
    expect(stdout).toBe('/dev/pts/0\n');
    const script = ['script', '-qec', 'tty; stty size >/dev/null && echo terminal', '/dev/null'];
    expect((await run(mode, view, ...script)).stdout).toBe('/dev/pts/0\r\nterminal\r\n');
  });

  test('so they do on a machine whose own terminals are unmounted', needsRoot, async () => {
    const machine = onMachine(mode, 'while umount -l /dev/pts 2>/dev/null; do :; done');
    expect((await run(machine, '', '/usr/bin/python3', '-c', openTerminal)).stdout).toBe('/dev/pts/0\n');
  });

  test('nor at another place where the machine has mounted them', needsRoot, async () => {
    const terminal = await outerTerminal(mode.uid);
    const elsewhere = join(chroot, terminal.path.slice('/dev/pts/'.length));
    const machine = onMachine(mode, `mount --bind /dev/pts ${chroot}`);
    const write = 'echo intruder >"$1"; ls "$2"';
    const { stdout, stderr } = await run(machine, '', 'sh', '-c', write, 'sh', elsewhere, chroot);
    expect(await terminal.end()).toBe('written: ');
    expect([stdout, stderr]).toEqual(['ptmx\n', expect.stringMatching(/Permission denied|cannot create/)]);
  });

  test(
    'where an engine has mounted /dev/ptmx and /dev/console from its terminals, they lead to none of them',
    needsRoot,
    async () => {
      const terminal = await outerTerminal(mode.uid);
      const machine = onMachine(
        mode,
        `mount --bind /dev/pts/ptmx /dev/ptmx; mount --bind ${terminal.path} /dev/console`,
      );
      const open = `open("/dev/console", "w").write("intruder"); ${openTerminal}`;
      expect((await run(machine, '', '/usr/bin/python3', '-c', open)).stdout).toBe('/dev/pts/0\n');
      expect(await terminal.end()).toBe('written: ');
    },
  );

  test('a logger that listens in /dev, and message queues, are out of reach', needsRoot, async () => {
    const machine = onMachine(
      mode,
      `${ownDevices}; mount -t mqueue none /dev/mqueue; : >/dev/mqueue/queue; chmod 666 /dev/mqueue/queue
cd /dev; python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("log")'; chmod 666 log; cd /`,
    );
    const seen = 'test -S /dev/log && echo socket; ls /dev/mqueue; test -c /dev/pts/ptmx && echo terminals';
    expect((await run(machine, '', 'sh', '-c', seen)).stdout).toBe('terminals\n');
  });

  test.each(views)("the caller's terminal has a name and works (%s)", needsConsole, async (view) => {
    expect(await inTerminal(mode, view, `test -c "$(tty)" && { ${terminalWorks}; }`)).toBe(
      '/dev/console\r\n33 77\r\nx\r\n',
    );
  });

  test.each(views)('on a machine without /dev/console it works without one (%s)', needsRoot, async (view) => {
    const said = await inTerminal(onMachine(mode, ownDevices), view, terminalWorks);
    expect(said).toBe('not a tty\r\n33 77\r\nx\r\n');
  });
});
