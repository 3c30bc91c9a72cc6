// Habits of people at a terminal: nohup, signals of their own, low ports, odd directories, long command lines; and
// SIGUSR1, which must not open Node's debugger. Not here: how a command ends (ending.test.ts).
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parseListeningSockets, readTcpTables } from '../../../portwrap/index.ts';
import { fetchText } from '../../support/http.ts';
import { freePorts } from '../../support/machine/free-ports.ts';
import { openFilesOf, targetOf } from '../../support/machine/open-files.ts';
import { needsRoot } from '../../support/reasons.ts';
import {
  becoming,
  installPortwrap,
  modes,
  type RunOptions,
  runPortwrap,
} from '../../support/run-portwrap.ts';

const installed = installPortwrap();
afterAll(() => installed.remove());

async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1);
  return port;
}

/** Says "ready", then each signal that it gets. */
const counts = [
  'node',
  '-e',
  'for (const name of ["SIGUSR1", "SIGUSR2", "SIGHUP"]) process.on(name, () => console.log(name)); console.log("ready"); setInterval(() => {}, 1e6)',
];

/** How many sockets of that process listen. */
function listeners(pid: number): number {
  const own = new Set(openFilesOf(pid));
  return parseListeningSockets(readTcpTables(pid)).filter(({ inode }) => own.has(`socket:[${inode}]`)).length;
}

const isNode = (pid: number) => readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('node');

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'close');
}

describe.each(modes())('portwrap started by $name', (mode) => {
  const start = async (command: readonly string[], options: RunOptions = {}) => {
    const port = await freePort();
    return { port, run: runPortwrap(installed, mode, port, command, options) };
  };

  test('SIGUSR1 and SIGUSR2 reach the command, and open no debugger', async () => {
    const { run } = await start(counts);
    await expect.poll(run.stdout, { timeout: 15_000 }).toBe('ready\n');
    run.process.kill('SIGUSR1');
    await expect.poll(run.stdout, { timeout: 5_000 }).toBe('ready\nSIGUSR1\n');
    run.process.kill('SIGUSR2');
    await expect.poll(run.stdout, { timeout: 5_000 }).toBe('ready\nSIGUSR1\nSIGUSR2\n');
    expect(listeners(run.pid)).toBe(0);
    expect(run.stderr()).toBe('');
    run.process.kill('SIGTERM');
    expect(await run.ended).toBe(143);
  });

  test('after nohup a hangup ends neither portwrap nor its command', async () => {
    const become = [...mode.become, 'env', '_=/usr/bin/nohup'];
    const run = runPortwrap(installed, { ...mode, become }, await freePort(), [
      'sh',
      '-c',
      'grep SigIgn /proc/self/status; echo ready; exec sleep 1000',
    ]);
    await expect.poll(run.stdout, { timeout: 15_000 }).toContain('ready\n');
    expect(Number.parseInt(run.stdout().split('\t')[1] ?? '', 16) & 1).toBe(1);
    run.process.kill('SIGHUP');
    run.process.kill('SIGTERM');
    expect(await run.ended).toBe(143);
  });

  test('a command may listen on a guest port below 1024', async () => {
    const { port, run } = await start(['node', installed.fixture('serve.mjs'), 'it', '80'], {
      options: ['-P', '80'],
    });
    await expect.poll(() => fetchText(port), { interval: 20, timeout: 15_000 }).toBe('it:80');
    run.process.kill('SIGTERM');
    await run.ended;
  });

  test('more words than bubblewrap takes are refused with the limit', async () => {
    const many = await start(['true', ...Array<string>(100_000).fill('x')]);
    expect(await many.run.ended).toBe(2);
    expect(many.run.stderr()).toContain('at most 8000');
  });

  test('too many variables are refused with the limit', async () => {
    const environment = Object.fromEntries(
      Array.from({ length: 3_500 }, (_, index) => [`LC_V${index}`, 'x']),
    );
    const { run } = await start(['true'], { environment });
    expect(await run.ended).toBe(2);
    expect(run.stderr()).toMatch(/too long for bubblewrap: \d+ words, at most 9000/);
  });

  test('a command line that the kernel refuses is refused with the limit', async () => {
    // the longest that portwrap itself can be started with: what it starts has a script of its own in addition
    const longest = async (size: number) => {
      for (let length = size; ; length -= 8) {
        const words = Array.from({ length: 21 }, () => 'x'.repeat(length));
        const started = await start(['true', ...words]).catch((error: NodeJS.ErrnoException) => error);
        if (!(started instanceof Error)) return started;
        expect(started.code).toBe('E2BIG');
      }
    };
    const { run } = await longest(99_900);
    expect(await run.ended).toBe(2);
    expect(run.stderr()).toContain('too long for the kernel');
  });

  test('a portwrap inside a sandbox works, and its server is reached through both', async () => {
    const inner = ['-p', '9000', '-P', '8888', '--host-address', '0.0.0.0'];
    const server = ['node', installed.fixture('serve.mjs'), 'inner', '8888'];
    const nested = [process.execPath, installed.main, ...inner, ...server];
    const { port, run } = await start(nested, { options: ['-P', '9000'] });
    await expect.poll(() => fetchText(port), { interval: 20, timeout: 15_000 }).toBe('inner:8888');
    run.process.kill('SIGTERM');
    expect(await run.ended, run.stderr()).toBe(143);
  });

  test('a portwrap inside a sandbox refuses limits, which it cannot set there', async () => {
    const nested = [process.execPath, installed.main, '-p', '0', '-P', '8888', '--memory', '64M', 'true'];
    const { run } = await start(nested);
    expect(await run.ended).not.toBe(0);
    expect(run.stderr()).toContain('(LIMITS_UNAVAILABLE)');
  });

  test.each(['data/tmp', '/data/tmp'])('a /tmp that is a symbolic link to %s is private', async (target) => {
    const isPart = (path: string) => !/^\/(tmp|proc|dev|data)$/.test(path) && existsSync(path);
    const parts = readdirSync('/')
      .map((name) => `/${name}`)
      .filter(isPart)
      .flatMap((path) => {
        const [to] = targetOf(path);
        return to === undefined ? ['--bind', path, path] : ['--symlink', to, path];
      });
    const root = ['--dev-bind', '/dev', '/dev', '--proc', '/proc', '--tmpfs', '/data', '--dir', '/data/tmp'];
    const seen = ['--file', '3', '/data/tmp/of-the-machine', '--symlink', target, '/tmp'];
    const account = ['--unshare-user', '--uid', String(mode.uid), '--gid', String(mode.uid)];
    const outer = [
      'sh',
      '-c',
      'exec "$@" 3</dev/null',
      'sh',
      'bwrap',
      ...account,
      ...parts,
      ...root,
      ...seen,
      '--',
    ];
    const user = { ...mode, become: [...becoming(String(mode.uid)), ...outer], options: [] };
    const script = 'ls /tmp/; touch /tmp/made && echo made';
    const run = runPortwrap(installed, user, await freePort(), ['sh', '-c', script]);
    expect(await run.ended, run.stderr()).toBe(0);
    expect(run.stdout()).toBe('made\n');
  });

  test.each([
    ['stay', 143],
    ['go', 137],
  ])('a pid 1 that a daemon debugs does not keep an ended sandbox: %s', async (how, code) => {
    const { run } = await start(['/usr/bin/python3', installed.fixture('debug-init.py'), how]);
    await expect.poll(run.stdout, { timeout: 15_000 }).toMatch(/^(ready|refused)\n$/);
    const refused = run.stdout() === 'refused\n'; // Yama (ptrace_scope) forbids it; then nothing is stuck
    if (how === 'stay') run.process.kill('SIGTERM');
    expect([code, refused ? 0 : 137]).toContain(await run.ended);
  });

  test('a pid 1 that is stopped does not keep an ended sandbox', async () => {
    const { run } = await start(['sh', '-c', 'echo ready; exec sleep 1000'], { options: ['--json'] });
    await expect.poll(run.stdout, { timeout: 15_000 }).toBe('ready\n');
    await expect.poll(run.stderr, { timeout: 15_000 }).toContain('\n'); // told after the command has started
    const { pid } = JSON.parse(run.stderr().split('\n')[0] ?? '') as { pid: number };
    process.kill(pid, 'SIGSTOP');
    run.process.kill('SIGTERM');
    await run.ended;
    expect(existsSync(`/proc/${pid}`)).toBe(false);
  });

  test('a deleted working directory is named as the reason', async () => {
    const gone = mkdtempSync(join(installed.directory, 'gone-'));
    const become = ['sh', '-c', `cd ${gone} && rmdir ${gone} && exec "$@"`, 'sh', ...mode.become];
    const run = runPortwrap(installed, { ...mode, become }, await freePort(), ['true']);
    expect(await run.ended).toBe(2);
    expect(run.stderr()).toContain('the working directory has been deleted');
  });
});

test('a host port that is reserved for root is not called taken', needsRoot, async () => {
  const user = modes().find(({ become }) => become.length > 0);
  if (user === undefined) throw new Error('no account to try it with');
  const run = runPortwrap(installed, user, 81, ['true']);
  expect(await run.ended).toBe(77);
  expect(run.stderr()).toContain('reserved for root');
});

test('an account that may not enter the working directory begins in its home', needsRoot, async () => {
  const [mode] = modes();
  if (mode === undefined) throw new Error('no account to try it with');
  const run = runPortwrap(
    installed,
    mode,
    await freePort(),
    ['sh', '-c', 'test "$PWD" = "$HOME" && echo home'],
    {
      workingDirectory: '/root',
    },
  );
  expect(await run.ended).toBe(0);
  expect(run.stdout()).toBe('home\n');
  expect(run.stderr()).toContain('may not enter /root');
});

test.each([
  ['portwrap', ['-p', '0', '-P', '8888', '--allow-root', 'sleep', '1000']],
  ['proxy', ['--port', '0', '--api-port', '0', '--workers', '2']],
])('SIGUSR1 from the first moment on opens no debugger: %s', { timeout: 60_000 }, async (program, argv) => {
  const main = resolve('dist', program, 'main.js');
  for (let delay = 0; delay < 200; delay += 20) {
    const child = spawn(
      'env',
      ['-S', readFileSync(main, 'utf8').split('\n')[0]?.slice(18) ?? '', main, ...argv],
      {
        stdio: 'ignore',
        env: { ...process.env, XDG_RUNTIME_DIR: installed.scratch },
      },
    );
    const pid = child.pid ?? -1;
    await expect.poll(() => isNode(pid), { interval: 1 }).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, delay));
    child.kill('SIGUSR1');
    await new Promise((resolve) => setTimeout(resolve, 100));
    const addresses = child.exitCode === null && child.signalCode === null ? debuggers(pid) : [];
    await ended(child);
    expect(addresses).toEqual([]);
  }
});

/** What listens on the port of Node's debugger, as that process holds it. */
function debuggers(pid: number): number[] {
  const own = new Set(openFilesOf(pid));
  return parseListeningSockets(readTcpTables(pid))
    .filter(({ inode, port }) => own.has(`socket:[${inode}]`) && port === 9229)
    .map(({ port }) => port);
}
