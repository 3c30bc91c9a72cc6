// pasta's arguments for old and new versions, and the shell that ends it. Not here: a real pasta (test/contract).
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { pastaArgv, pastaFeatures, untilSandboxEnds } from '../../../../portwrap/network/pasta-argv.ts';
import { identify } from '../../../../portwrap/system/process.ts';

const request = { child: 4242, hostLoopback: false, dns: false };
const forward = { hostAddress: '127.0.0.1', guestPort: 8888, hostPort: 20_000 };
const old = pastaFeatures("--no-map-gw\t\tDon't map gateway address to host\n");
const recent = pastaFeatures('--map-host-loopback ADDR\n--no-map-gw\n--host-lo-to-ns-lo\tTranslate\n');

describe('the arguments of pasta', () => {
  test('are exactly these for the version of 2023', () => {
    expect(pastaArgv(request, forward, old, null)).toEqual([
      ...['--foreground', '--quiet', '--ipv4-only', '--config-net', '--ns-ifname', 'tap0'],
      ...['--address', '10.0.2.100', '--netmask', '24', '--gateway', '10.0.2.2', '--no-map-gw'],
      ...['--tcp-ports', '127.0.0.1/20000:8888', '--udp-ports', 'none', '--tcp-ns', 'none'],
      ...['--udp-ns', 'none', '--pid', '/proc/self/fd/1', '4242'],
    ]);
  });

  test.each([
    ['old, no host loopback', old, false, ['--no-map-gw']],
    ['old, host loopback', old, true, []],
    ['new, no host loopback', recent, false, ['--map-host-loopback', 'none', '--host-lo-to-ns-lo']],
    ['new, host loopback', recent, true, ['--map-host-loopback', '10.0.2.2', '--host-lo-to-ns-lo']],
  ])('map the gateway to this host only when asked: %s', (_, features, hostLoopback, expected) => {
    const argv = pastaArgv({ ...request, hostLoopback }, forward, features, null);
    expect(argv.slice(argv.indexOf('10.0.2.2') + 1, argv.indexOf('--tcp-ports'))).toEqual(expected);
  });

  test('forward nothing as the uplink only', () => {
    expect(pastaArgv(request, null, old, null).join(' ')).toContain('--tcp-ports none --udp-ports none');
  });

  test('offer a name server only when the policy has one', () => {
    expect(pastaArgv({ ...request, dns: true }, forward, old, null).join(' ')).toContain(
      '--dns-forward 10.0.2.3',
    );
    expect(pastaArgv(request, forward, old, null)).not.toContain('--dns-forward');
  });

  test("keep root only for root's own sandbox", () => {
    expect(pastaArgv(request, forward, old, { uid: 0, gid: 0 }).join(' ')).toContain('--runas 0:0 4242');
    expect(pastaArgv(request, forward, old, { uid: 1001, gid: 1001 })).not.toContain('--runas');
  });
});

describe('the shell above pasta', () => {
  const directory = mkdtempSync(join(tmpdir(), 'until-'));
  afterAll(() => rmSync(directory, { recursive: true }));
  const started: ChildProcess[] = [];
  afterEach(() => {
    for (const child of started.splice(0)) if (child.exitCode === null) child.kill('SIGTERM');
  });

  /** Starts it above `sleep`, with the reading end of a FIFO; tells the pid of sleep. */
  async function start(name: string) {
    const fifo = join(directory, name);
    execFileSync('mkfifo', [fifo]);
    const reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
    const writer = openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK);
    const shell = spawn('sh', ['-c', untilSandboxEnds, 'sh', 'sh', '-c', 'echo $$; exec sleep 1000'], {
      stdio: [reader, 'pipe', 'inherit'],
    });
    started.push(shell);
    closeSync(reader);
    const ended = once(shell, 'exit');
    const [line] = (await once(shell.stdout as Readable, 'data')) as [Buffer];
    return { ended, writer, sleeper: Number(line.toString()) };
  }
  const isRunning = (pid: number) => identify(pid) !== null;

  test('ends it when the FIFO ends', async () => {
    const { ended, writer, sleeper } = await start('eof');
    expect(isRunning(sleeper)).toBe(true);
    closeSync(writer);
    await ended;
    await expect.poll(() => isRunning(sleeper)).toBe(false);
  });

  test('ends itself when that has ended, so that none is left over', async () => {
    const { ended, writer, sleeper } = await start('killed');
    process.kill(sleeper, 'SIGKILL');
    const [, signal] = await ended;
    expect({ signal, isRunning: isRunning(sleeper) }).toEqual({ signal: null, isRunning: false });
    closeSync(writer);
  });

  test('ends itself when that ends at once', async () => {
    const fifo = join(directory, 'at-once');
    execFileSync('mkfifo', [fifo]);
    const reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
    const writer = openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK);
    const shells = Array.from({ length: 20 }, () =>
      spawn('sh', ['-c', untilSandboxEnds, 'sh', 'true'], { stdio: [reader, 'ignore', 'inherit'] }),
    );
    started.push(...shells);
    closeSync(reader);
    const exits = await Promise.all(shells.map((shell) => once(shell, 'exit')));
    expect(exits.filter(([, signal]) => signal !== null)).toEqual([]);
    closeSync(writer);
  });

  test('takes bytes for nothing', async () => {
    const { ended, writer, sleeper } = await start('bytes');
    writeSync(writer, 'x\n\n\0 $(exit)\n');
    expect(isRunning(sleeper)).toBe(true);
    closeSync(writer);
    await ended;
    await expect.poll(() => isRunning(sleeper)).toBe(false);
  });
});
