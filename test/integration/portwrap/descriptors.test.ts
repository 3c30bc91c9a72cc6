// No descriptor of a socket of the host is in reach of a payload, while every program of ours that holds one serves it:
// over unix sockets (SCM_RIGHTS), by pidfd_getfd(2) and by /proc/PID/fd. Not here: what else it does to the forward
// (builtin.test.ts), connections that were brought to it (builtin.test.ts), fork servers (spawner/preload/).
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { freePorts } from '../../support/machine/free-ports.ts';
import { installPortwrap, modes, runPortwrap } from '../../support/run-portwrap.ts';

const installed = installPortwrap();
afterAll(() => installed.remove());
const patient = { timeout: 60_000 };

interface Found {
  /** Whether the attacks succeed where they may. */
  readonly control: { readonly asked: boolean; readonly taken: boolean };
  /** The unix sockets that it could connect to, and the messages with descriptors that each sent. */
  readonly asked: Readonly<Record<string, number>>;
  /** The command lines of the processes whose descriptors it could take. */
  readonly taken: readonly string[];
  /** The sockets of another network among those. */
  readonly hosts: readonly (readonly string[])[];
}

describe.each(modes())('a payload started by $name', (mode) => {
  test('gets no socket of the host, from no process and over no unix socket, while its forward, portwrap enter and connect serve it', async () => {
    const [port = 0] = await freePorts(1);
    const attack = ['/usr/bin/python3', installed.fixture('attack-descriptors.py'), '8888', '1'];
    const places = ['/run', '/var/run', '/var/lib', '/tmp', '/var/tmp', '/dev'];
    const options = ['--json', '--forwarder', 'builtin', '--allow-host', '9'];
    const run = runPortwrap(installed, mode, port, [...attack, ...places], { options });
    onTestFinished(async () => {
      run.process.kill('SIGTERM');
      await run.ended;
    });
    await expect.poll(() => run.stdout(), patient).toContain('listening');
    await expect.poll(() => run.stderr(), patient).toContain('"forwarding"');
    for (const words of [
      ['enter', String(port), '--', 'sleep', '2000'],
      ['connect', '8888', String(port)],
    ]) {
      const [program = '', ...argv] = [...mode.become, process.execPath, installed.main, ...words];
      const inside = spawn(program, argv, { cwd: '/', stdio: ['pipe', 'pipe', 'inherit'] });
      onTestFinished(() => void inside.kill('SIGKILL'));
    }
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    onTestFinished(() => void socket.destroy());
    await once(socket, 'connect');
    await expect.poll(() => run.stdout(), patient).toContain('}\n');
    const found = JSON.parse(run.stdout().slice('listening\n'.length)) as Found;
    expect(found.control).toEqual({ asked: true, taken: true });
    expect(found.hosts).toEqual([]);
    expect(Object.values(found.asked).filter((descriptors) => descriptors > 0)).toEqual([]);
    expect(Object.keys(found.asked).filter((name) => /portwrap|pw-/.test(name))).toEqual([]);
    // process 1 is the payload's own: it holds no socket
    expect(found.taken.some((words) => words.includes('bwrap'))).toBe(true);
    expect(found.taken.filter((words) => words.includes('portwrap-enter'))).toEqual([]);
  });
});
