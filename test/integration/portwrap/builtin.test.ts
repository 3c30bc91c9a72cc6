// The forwarder `builtin` as what it is: its processes, their deaths, attacks on them from inside, many connections.
// KILLS=1000 chooses how many random kills there are. Not here: what every forwarder must do (test/contract).
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import {
  adoptSandbox,
  createNetwork,
  createToolbox,
  destroySandbox,
  type SandboxRecord,
} from '../../../portwrap/index.ts';
import { readFileOrNull } from '../../../portwrap/system/read-file.ts';
import { exchange } from '../../support/exchange.ts';
import { isListening } from '../../support/http.ts';
import { type Launcher, type LauncherOptions, startLauncher } from '../../support/launcher.ts';
import { isRoot } from '../../support/machine/accounts.ts';
import { freePorts } from '../../support/machine/free-ports.ts';
import { installPortwrap, type Mode, modes } from '../../support/run-portwrap.ts';

const installed = installPortwrap();
afterAll(() => installed.remove());
const tools = createToolbox();
const peer = [process.execPath, installed.fixture('peer.mjs')];
const kills = Number(process.env.KILLS ?? 200);

const started: Launcher[] = [];
afterEach(async () => {
  for (const launcher of started.splice(0)) {
    launcher.process.kill('SIGKILL');
    await launcher.ended;
    await destroySandbox(tools, launcher.directory);
  }
});

async function begin(mode: Mode, options: Partial<LauncherOptions> = {}) {
  const hostPorts = await freePorts(1);
  const launcher = startLauncher(installed, mode, {
    command: peer,
    hostPorts,
    forwarder: 'builtin',
    ...options,
  });
  started.push(launcher);
  const record = await launcher.record;
  if (options.command === undefined)
    await expect.poll(() => launcher.log(), { timeout: 10_000 }).toContain('listening');
  return { launcher, record, port: record.hostPort };
}

/** Those that the keeper has started. */
const workersOf = ({ forwarder }: SandboxRecord) => childrenOf(forwarder.pid);

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** The processes of slirp4netns that serve this sandbox: their arguments name its first process. */
const uplinksOf = ({ child }: SandboxRecord) =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      const [program = '', ...words] = (readFileOrNull(`/proc/${pid}/cmdline`) ?? '').split('\0');
      const sandbox = new RegExp(`^(?:/proc/)?${child.pid}(?:/ns/net)?$`);
      return program.endsWith('slirp4netns') && words.some((word) => sandbox.test(word));
    })
    .map(Number);
const isThere = (pid: number) => readdirSync('/proc').includes(String(pid));
const answers = (port: number) => exchange(port, { send: 1, receive: 1 });

describe.each(modes())('the forwarder builtin, started by $name', (mode) => {
  test('cannot be found, ended or debugged from inside, and none of its sockets is there', async () => {
    const { launcher, record } = await begin(mode, { command: ['sleep', '1000'] });
    const pids = [record.forwarder.pid, ...workersOf(record)];
    expect(pids.length).toBe(2);
    const attacker = await begin(mode, {
      command: ['/usr/bin/python3', installed.fixture('attack-forward.py'), ...pids.map(String)],
    });
    await expect.poll(() => attacker.launcher.log(), { timeout: 10_000 }).toContain('}');
    expect(JSON.parse(attacker.launcher.log())).toEqual({ found: [], inherited: [], unix: [] });
    expect(pids.every(isThere)).toBe(true);
    expect(launcher.log()).toBe('');
  });

  test('brings connections whose sockets lead nowhere else, whatever the server does with them', async () => {
    const host = createServer().listen(0, '127.0.0.1');
    await once(host, 'listening');
    const { port: hostPort } = host.address() as { port: number };
    let reached = 0;
    host.on('connection', (socket) => {
      reached += 1;
      socket.destroy();
    });
    const attack = installed.fixture('attack-connection.py');
    const { launcher, port } = await begin(mode, { command: ['/usr/bin/python3', attack, String(hostPort)] });
    await expect.poll(() => launcher.log(), { timeout: 10_000 }).toContain('listening');
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    await expect.poll(() => launcher.log(), { timeout: 20_000 }).toContain('}');
    const [, found = ''] = launcher.log().split('listening\n');
    expect(JSON.parse(found)).toEqual({ peer: '127.0.0.1', networks: 1, disconnected: true, reached: [] });
    expect(reached).toBe(0);
    socket.destroy();
    host.close();
  });

  test('has no capability, cannot be debugged, and refuses what it does not need, in each process', async () => {
    const { record } = await begin(mode);
    for (const pid of [record.forwarder.pid, ...workersOf(record)]) {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      const field = (name: string) => new RegExp(`^${name}:\\s+(.*)$`, 'm').exec(status)?.[1];
      const names = ['CapInh', 'CapPrm', 'CapEff', 'CapAmb', 'NoNewPrivs', 'Seccomp'];
      expect(names.map(field)).toEqual([...Array(4).fill('0'.repeat(16)), '1', '2']);
      if (isRoot) expect(readOwner(`/proc/${pid}/environ`)).toBe(0); // not dumpable
    }
  });

  test('needs no other program where the policy needs no way out, and there is no interface but the loopback', async () => {
    const { launcher, record } = await begin(mode, {
      command: ['sh', '-c', 'cut -d: -f1 -s /proc/net/dev; echo done'],
    });
    await expect.poll(() => launcher.log(), { timeout: 10_000 }).toContain('done');
    expect(launcher.log().replaceAll(' ', '')).toMatch(/lo\ndone/);
    expect(launcher.log()).not.toContain('tap0');
    expect([record.uplink, record.uplinkName]).toEqual([null, null]);
  });

  test('a worker that dies is replaced by its keeper: connections wait, and none is refused', async () => {
    const { record, port } = await begin(mode);
    await expect.poll(() => answers(port)).toBe('1+got 3');
    for (let round = 0; round < 3; round += 1) {
      const [worker = 0] = workersOf(record);
      await expect.poll(() => age(worker), { timeout: 5_000 }).toBeGreaterThan(1.2); // younger ones are not replaced
      process.kill(worker, 'SIGKILL');
      expect(await Promise.all(Array.from({ length: 20 }, () => answers(port)))).toEqual(
        Array(20).fill('1+got 3'),
      );
      expect(workersOf(record)).not.toEqual([worker]);
    }
  });

  test('a keeper that dies takes its workers along, and is replaced on the same port', async () => {
    const { record, port } = await begin(mode);
    const [worker = 0] = workersOf(record);
    process.kill(record.forwarder.pid, 'SIGKILL');
    await expect.poll(() => isThere(worker)).toBe(false);
    await expect.poll(() => answers(port), { timeout: 10_000 }).toBe('1+got 3');
  });

  test('an uplink that dies is replaced, while connections over the forward go on', async () => {
    const { launcher, record, port } = await begin(mode, { policy: { dns: true } });
    expect(record.uplinkName).toBe('slirp4netns');
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    const old = record.uplink?.pid ?? -1;
    process.kill(old, 'SIGKILL');
    const later = () => uplinksOf(record).filter((pid) => pid !== old).length;
    await expect.poll(later, { timeout: 10_000 }).toBe(1);
    const interfaces = () => readFileSync(`/proc/${record.child.pid}/net/dev`, 'utf8');
    await expect.poll(interfaces, { timeout: 10_000 }).toContain('tap0');
    socket.end('3\nabc');
    expect((await once(socket, 'data')).toString()).toContain('xxx');
    expect(isThere(record.forwarder.pid)).toBe(true);
    launcher.process.kill('SIGKILL');
    await launcher.ended;
    // whoever adopts the sandbox keeps both
    const context = { tools, network: createNetwork({ forwarder: null, uplink: null }, tools, isRoot) };
    const adopted = adoptSandbox(context, (await launcher.record) as SandboxRecord);
    expect(adopted.kind).toBe('running');
    if (adopted.kind === 'running') adopted.sandbox.leave();
  });

  test('ends with its sandbox, also when one of its processes is stopped', async () => {
    const { record, port } = await begin(mode, { policy: { hosts: [{ address: '127.0.0.1', port: 9 }] } });
    const pids = [record.forwarder.pid, ...workersOf(record)];
    expect(pids.length).toBe(3);
    process.kill(pids[1] ?? -1, 'SIGSTOP');
    process.kill(record.child.pid, 'SIGKILL');
    await expect.poll(() => pids.filter(isThere), { timeout: 5_000 }).toEqual([]);
    expect(await isListening(port)).toBe(false);
  });

  test('carries 1,000 connections at once, and 256 MB both ways', { timeout: 60_000 }, async () => {
    const { port } = await begin(mode);
    const all = await Promise.all(Array.from({ length: 1000 }, () => answers(port)));
    expect(all.filter((answer) => answer !== '1+got 3')).toEqual([]);
    const size = 256 * 1024 * 1024;
    const total = size + `${size}\n`.length;
    expect(await exchange(port, { send: size, receive: size }, 55_000)).toBe(`${size}+got ${total}`);
  });

  test('connections that find the backlog of the server full wait, and are served', async () => {
    const trigger = join(installed.directory, `accept-${Math.random()}`);
    const server = ['/usr/bin/python3', installed.fixture('full-backlog.py'), trigger];
    const { launcher, record, port } = await begin(mode, { command: server });
    await expect.poll(() => launcher.log(), { timeout: 10_000 }).toContain('listening');
    const heard = Array.from({ length: 10 }, async () => {
      const socket = connect(port, '127.0.0.1');
      socket.write('x');
      return (await once(socket, 'data')).toString();
    });
    // as long as they wait, the kernel repeats the first packet of the connection inside
    const dialling = () =>
      readFileSync(`/proc/${record.child.pid}/net/tcp`, 'utf8').match(/ [0-9A-F]+:22B8 02 /g)?.length ?? 0;
    await expect.poll(dialling, { timeout: 10_000 }).toBeGreaterThan(5);
    writeFileSync(trigger, '');
    expect(await Promise.all(heard)).toEqual(Array(10).fill('served'));
  });

  test('passes a reset on, after what was sent before it', async () => {
    const server = `const { createServer } = require('node:net');
      createServer((socket) => socket.once('data', () => socket.write('last words', () => setTimeout(() => socket.resetAndDestroy(), 100)))).listen(8888, '127.0.0.1', () => console.log('listening'))`;
    const { launcher, port } = await begin(mode, { command: [process.execPath, '-e', server] });
    await expect.poll(() => launcher.log(), { timeout: 10_000 }).toContain('listening');
    const socket = connect(port, '127.0.0.1');
    let heard = '';
    socket.on('data', (chunk) => (heard += chunk));
    socket.write('x');
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    expect([heard, error.code]).toEqual(['last words', 'ECONNRESET']);
  });

  test('connections beyond its limit of open files wait, and the log of the server says so', async () => {
    const limited = { ...mode, become: ['prlimit', '--nofile=256:256', '--', ...mode.become] };
    const { launcher, port } = await begin(limited);
    const sockets: Socket[] = [];
    for (let index = 0; index < 100; index += 1)
      sockets.push(connect(port, '127.0.0.1').on('error', () => {}));
    await expect
      .poll(() => launcher.log(), { timeout: 10_000 })
      .toContain('the limit of open files allows no more');
    for (const socket of sockets) socket.destroy();
    await expect.poll(() => answers(port), { timeout: 10_000 }).toBe('1+got 3');
  });

  test('is its own two processes in no other sandbox, and reaches no listener of the host', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port: hostPort } = server.address() as { port: number };
    const ask = `for a in 127.0.0.1 10.0.2.2; do curl -s -m 2 telnet://$a:${hostPort} </dev/null; echo $?; done; echo done`;
    const { launcher } = await begin(mode, { command: ['sh', '-c', ask] });
    await expect.poll(() => launcher.log(), { timeout: 10_000 }).toContain('done');
    expect(launcher.log()).toBe('7\n7\ndone\n');
    server.close();
  });
});

test(`after ${kills} random kills of its processes and of sandboxes nothing is left`, {
  timeout: Math.max(240_000, kills * 1_200),
}, async () => {
  const [mode] = modes();
  if (mode === undefined) throw new Error('no way to start portwrap');
  let done = 0;
  const work = async () => {
    while (done < kills) {
      const { launcher, record, port } = await begin(mode, {
        policy: { hosts: [{ address: '127.0.0.1', port: 9 }], dns: done % 10 < 5 },
      });
      const all = new Set<number>();
      // a sandbox whose forward dies more often in a minute counts as lost (keep-program.ts)
      for (let round = 0; round < 5; round += 1) {
        const keepers = pidsServing(record.child.pid);
        const pids = [...keepers, ...keepers.flatMap(childrenOf)];
        for (const pid of pids) all.add(pid);
        const victims = round % 2 === 0 ? keepers : keepers.flatMap(childrenOf);
        const victim = victims[Math.floor(Math.random() * victims.length)];
        if (victim !== undefined) tryKill(victim);
        done += 1;
        await expect.poll(() => answers(port), { timeout: 15_000 }).toBe('1+got 3');
      }
      for (const pid of pidsServing(record.child.pid)) all.add(pid);
      process.kill(record.child.pid, 'SIGKILL');
      await expect.poll(() => [...all].filter(isThere), { timeout: 5_000 }).toEqual([]);
      expect(pidsServing(record.child.pid)).toEqual([]);
      expect(await isListening(port)).toBe(false);
      expect(launcher.log()).toContain('listening');
    }
  };
  await Promise.all([work(), work(), work(), work()]);
});

/** The keepers that serve the sandbox of that process. */
function pidsServing(child: number): number[] {
  const list = execFileSync('ps', ['-eo', 'pid,ppid,args'], { encoding: 'utf8' }).split('\n');
  const found = list.filter((line) => line.includes(`portwrap-forward --sandbox ${child} `));
  const pids = new Set(found.map((line) => Number(line.trim().split(/\s+/)[0])));
  return found
    .map((line) => line.trim().split(/\s+/).map(Number))
    .flatMap(([pid = 0, parent = 0]) => (pids.has(parent) ? [] : [pid]));
}

function tryKill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it was faster
  }
}

/** Seconds. */
function age(pid: number): number {
  return Number(execFileSync('ps', ['-o', 'etimes=', '-p', String(pid)], { encoding: 'utf8' }));
}

function readOwner(path: string): number {
  return Number(execFileSync('ls', ['-n', path], { encoding: 'utf8' }).split(/\s+/)[2]);
}
