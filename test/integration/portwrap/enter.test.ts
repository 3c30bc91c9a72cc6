// `portwrap enter` and `portwrap connect`: into a sandbox that `portwrap` has started. A command there is one of the
// sandbox, on a terminal of the sandbox. Not here: servers of the service (spawner/servers/enter.test.ts).
import { execFileSync, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { isRoot, testAccount } from '../../support/machine/accounts.ts';
import { pidsOf } from '../../support/machine/census.ts';
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
afterAll(() => installed.remove());

const ptyRun = join(import.meta.dirname, '../../support/pty-run.py');
const patient = { timeout: 60_000, interval: 50 };
const program = join(
  installed.directory,
  `dist/native/portwrap-enter-${process.arch === 'x64' ? 'x86_64' : 'aarch64'}`,
);

interface Sandbox {
  readonly run: Run;
  readonly port: number;
  /** Process 1 of it. */
  readonly pid: number;
}

/** A sandbox whose payload runs until the end of the test. */
async function sandbox(mode: Mode, command: string[], options: string[] = []): Promise<Sandbox> {
  const [port = 0] = await freePorts(1);
  const environment = { SECRET_OF_THE_SANDBOX: 'yes', TERM: 'dumb' };
  const run = runPortwrap(installed, mode, port, command, { options: ['--json', ...options], environment });
  onTestFinished(async () => {
    run.process.kill('SIGTERM');
    await run.ended;
  });
  await vi.waitUntil(() => run.stderr().includes('"forwarding"') || run.process.exitCode !== null, patient);
  const line = run
    .stderr()
    .split('\n')
    .find((one) => one.includes('"forwarding"'));
  return { run, port, pid: JSON.parse(line ?? '{}').pid };
}

const sleeping = ['sleep', '1000'];

/** `portwrap ...` as the one who started the sandbox; `wrapper` runs it, on a terminal for example. */
function start(mode: Mode, words: readonly string[], wrapper: readonly string[] = []) {
  const [file = '', ...argv] = [...wrapper, ...mode.become, process.execPath, installed.main, ...words];
  const child = spawn(file, argv, {
    cwd: '/',
    env: { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin', TERM: 'xterm', SECRET_OF_THE_CALLER: 'yes' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const output: Buffer[] = [];
  let errors = '';
  child.stdin.on('error', () => {});
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => (errors += String(chunk)));
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string);
  const stdout = () => Buffer.concat(output);
  return { child, ended, stdout, stderr: () => errors };
}

async function enter(mode: Mode, { port }: Sandbox, ...command: string[]) {
  const started = start(mode, ['enter', String(port), '--', ...command]);
  started.child.stdin.end();
  const code = await started.ended;
  return { code, stdout: String(started.stdout()), stderr: started.stderr() };
}

/** On a terminal of its own, test/support/pty-run.py. */
function onTerminal(mode: Mode, words: readonly string[], wrapper: readonly string[] = []) {
  return start(mode, words, ['/usr/bin/python3', ptyRun, ...wrapper]);
}

const namespaces = 'for name in cgroup ipc mnt net pid user uts; do readlink /proc/$1/ns/$name; done';
const rights = 'grep -E "^(Uid|Gid|Groups|Cap|NoNewPrivs|Seccomp)" /proc/self/status';

describe.each(modes())('a sandbox started by $name', (mode) => {
  test('a command is in all of its namespaces, with the rights of the payload, and a child of its process 1', async () => {
    const inside = await sandbox(mode, [
      'sh',
      '-c',
      `${namespaces}; ${rights}; exec sleep 1000`,
      'sh',
      'self',
    ]);
    await vi.waitUntil(() => inside.run.stdout().includes('Seccomp_filters'), patient);
    const script = `${namespaces}; ${rights}`;
    const { code, stdout, stderr } = await enter(mode, inside, 'sh', '-c', script, 'sh', 'self');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe(inside.run.stdout());
    expect(stdout).toMatch(/^CapBnd:\t0{16}$/m);
    const parents =
      'p=$PPID; cut -d" " -f4 /proc/$p/stat; ls /proc/self/fd | wc -l; cat /proc/self/loginuid >/dev/null';
    expect((await enter(mode, inside, 'sh', '-c', parents)).stdout).toBe('1\n4\n');
  });

  test("it has the sandbox's environment, directory, file mode mask and limits, and nothing of its caller", async () => {
    const inside = await sandbox(mode, ['sh', '-c', 'umask 027; exec sleep 1000'], ['--open-files', '123']);
    const { stdout } = await enter(mode, inside, 'sh', '-c', 'env; umask; ulimit -S -n; pwd');
    expect(stdout).not.toContain('SECRET_OF_THE_CALLER');
    expect(stdout).toContain(`LC_PORTWRAP_TEST=${inside.run.scratch}`);
    expect(stdout.endsWith('0027\n123\n/\n')).toBe(true);
  });

  test('exit codes and signals are those of the command', async () => {
    const inside = await sandbox(mode, sleeping);
    expect((await enter(mode, inside, 'sh', '-c', 'exit 7')).code).toBe(7);
    expect((await enter(mode, inside, 'sh', '-c', 'kill -KILL $$')).code).toBe(137);
    expect(await enter(mode, inside, '/no/such/program')).toMatchObject({ code: 127 });
    const waiting = start(mode, [
      'enter',
      String(inside.port),
      '--',
      'sh',
      '-c',
      "trap 'exit 33' TERM; echo on; sleep 1000 & wait",
    ]);
    await vi.waitUntil(() => waiting.stdout().includes('on'), patient);
    waiting.child.kill('SIGTERM');
    expect(await waiting.ended).toBe(33);
  });

  test('bytes pass unchanged in both directions, to the end of input', async () => {
    const inside = await sandbox(mode, sleeping);
    const sent = randomBytes(3_000_000);
    const started = start(mode, ['enter', String(inside.port), '--', 'cat']);
    started.child.stdin.end(sent);
    expect(await started.ended).toBe(0);
    expect(hash(started.stdout())).toBe(hash(sent));
  });

  test('at a terminal it gets one of the sandbox, of the same size; Ctrl-C and window changes reach it', async () => {
    const inside = await sandbox(mode, sleeping);
    const script =
      "tty; stty size; echo $TERM; trap 'echo interrupted; exit 5' INT; trap 'stty size' WINCH; echo on; while :; do sleep 0.1; done";
    const resize = join(installed.scratch, `resize-${inside.port}`);
    execFileSync('mkfifo', [resize]);
    const change = `(read -r _ <${resize}; stty -F /dev/tty rows 44 cols 88) &`;
    const sized = ['sh', '-c', `stty rows 33 cols 77; ${change} exec "$@"`, 'sh'];
    const started = onTerminal(mode, ['enter', String(inside.port), '--', 'sh', '-c', script], sized);
    await vi.waitUntil(() => started.stdout().includes('on\r\n'), patient);
    writeFileSync(resize, 'now\n');
    await vi.waitUntil(() => started.stdout().includes('44 88'), patient);
    started.child.stdin.write('^C\n');
    expect(await started.ended).toBe(5);
    const said = String(started.stdout());
    expect(said).toMatch(/^\/dev\/pts\/0\r\n33 77\r\nxterm\r\non\r\n/);
    expect(said).toContain('interrupted');
  });

  test('Ctrl-Z stops the job of the shell outside, and fg lets the command go on', async () => {
    const inside = await sandbox(mode, sleeping);
    const line = [...mode.become, process.execPath, installed.main, 'enter', String(inside.port), '--'].join(
      ' ',
    );
    const typed = spawn('/usr/bin/python3', [ptyRun, 'bash', '--norc', '-i'], {
      env: { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin', TERM: 'dumb', PS1: 'outside> ' },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    onTestFinished(() => void typed.kill('SIGKILL'));
    let said = '';
    typed.stdout.on('data', (chunk: Buffer) => (said += String(chunk)));
    const wait = (text: string) => vi.waitUntil(() => said.includes(text), patient);
    await wait('outside> ');
    typed.stdin.write(`${line} sh -c 'echo be""gun; read word; echo "got-$word"; exit 9'\n`);
    await wait('begun');
    typed.stdin.write('\x1a');
    await wait('Stopped');
    typed.stdin.write('echo still-"$((1+1))"\n');
    await wait('still-2');
    typed.stdin.write('fg\n');
    typed.stdin.write('hello\n');
    await wait('got-hello');
    typed.stdin.write('echo "code-$?"; exit\n');
    await wait('code-9');
    expect(said).toContain('still-2');
  });

  test('a hangup of the terminal ends the command', async () => {
    const inside = await sandbox(mode, sleeping);
    const started = onTerminal(mode, ['enter', String(inside.port), '--', 'sh', '-c', 'echo on; sleep 2000']);
    await vi.waitUntil(() => pidsOf(inside.run.scratch, /^sleep 2000/).length === 1, patient);
    await vi.waitUntil(() => started.stdout().includes('on'), patient);
    expect(String(started.stdout())).toContain('on');
    started.child.stdin.write('hangup\n');
    await started.ended;
    await vi.waitUntil(() => pidsOf(inside.run.scratch, /sleep 2000/).length === 0, patient);
  });

  test('kill -9 of portwrap enter hangs the command up', async () => {
    const inside = await sandbox(mode, sleeping);
    const started = start(mode, ['enter', String(inside.port), '--', 'sh', '-c', 'echo on; sleep 2000']);
    await vi.waitUntil(() => pidsOf(inside.run.scratch, /^sleep 2000/).length === 1, patient);
    await vi.waitUntil(() => started.stdout().includes('on'), patient);
    expect(String(started.stdout())).toContain('on');
    started.child.kill('SIGKILL');
    await started.ended;
    await vi.waitUntil(() => pidsOf(inside.run.scratch, /sleep 2000/).length === 0, patient);
    await vi.waitUntil(() => pidsOf(program).length === 0, patient);
  });

  test('all of it ends with the sandbox, also what was put into the background', async () => {
    const inside = await sandbox(mode, sleeping);
    const script = 'setsid sleep 3000 >/dev/null 2>&1 </dev/null & echo on';
    expect(await enter(mode, inside, 'sh', '-c', script)).toMatchObject({ code: 0, stdout: 'on\n' });
    expect(pidsOf(inside.run.scratch, /sleep 3000/)).toHaveLength(1);
    const waiting = start(mode, ['enter', String(inside.port), '--', 'sh', '-c', 'echo on; sleep 2000']);
    await vi.waitUntil(() => waiting.stdout().includes('on'), patient);
    inside.run.process.kill('SIGKILL');
    expect(await waiting.ended).toBe(137);
    expect(waiting.stderr()).toBe(`portwrap: the command of port ${inside.port} has ended\n`);
    await vi.waitUntil(() => pidsOf(inside.run.scratch).length === 0, patient);
    await vi.waitUntil(() => pidsOf(program).length === 0, patient);
  });

  test('a program inside cannot read, trace or take descriptors from what has entered', async () => {
    const inside = await sandbox(mode, sleeping);
    const waiting = start(mode, ['enter', String(inside.port), '--', 'sleep', '2000']);
    await vi.waitUntil(() => pidsOf(inside.run.scratch, /sleep 2000/).length === 1, patient);
    const { stdout } = await enter(mode, inside, '/usr/bin/python3', installed.fixture('attack-monitor.py'));
    expect(stdout).toBe('mem: refused\nfd: refused\ncwd: refused\nptrace: refused\npidfd_getfd: refused\n');
    waiting.child.kill('SIGTERM');
    expect(await waiting.ended).toBe(143);
  });

  test('another user finds no sandbox of this one, and is refused by the kernel', needsRoot, async () => {
    const inside = await sandbox(mode, sleeping);
    const other = { ...mode, become: becoming(testAccount('b').name) };
    const found = await enter(other, inside, 'id');
    expect(found).toMatchObject({ code: 66, stdout: '' });
    expect(found.stderr).toContain('SANDBOX_UNKNOWN');
    const begin = readFileSync(`/proc/${inside.pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[19];
    const direct = [...other.become, program, `--pid=${inside.pid}`, `--start-time=${begin}`, '--', 'id'];
    const attack = spawn(direct[0] ?? '', direct.slice(1), {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
    });
    let said = '';
    attack.stdio[3]?.on('data', (chunk: Buffer) => (said += String(chunk)));
    expect(await once(attack, 'close')).toEqual([125, null]);
    expect(said).toBe('error f it belongs to another account\n');
  });

  test('connect carries bytes both ways, half-closes, and ends with the other side', async () => {
    const inside = await sandbox(mode, ['/usr/bin/python3', installed.fixture('half-close.py')]);
    await vi.waitUntil(() => inside.run.stdout().includes('listening'), patient);
    const sent = randomBytes(20_000_000);
    const upload = start(mode, ['connect', '8889', String(inside.port)]);
    upload.child.stdin.end(sent);
    expect(await upload.ended).toBe(0);
    // the other side answers after the end of the input only
    expect(hash(upload.stdout())).toBe(hash(sent));
    const leaves = start(mode, ['connect', '8890', String(inside.port)]);
    expect(await leaves.ended).toBe(0);
    expect(String(leaves.stdout())).toBe('bye');
    const closed = start(mode, ['connect', '8891', String(inside.port)]);
    expect(await closed.ended).toBe(69);
    expect(closed.stderr()).toContain('no program listens on port 8891 in the sandbox');
  });
});

test(
  "root's sandbox for an account cannot be named by that account, which did not start it",
  needsRoot,
  async () => {
    const [asRoot, own] = modes();
    if (asRoot === undefined || own === undefined) throw new Error('two modes are expected');
    const inside = await sandbox(asRoot, sleeping);
    expect(await enter(own, inside, 'id')).toMatchObject({ code: 66 });
  },
);

test('limits hold for what has entered', needsRoot, async () => {
  const [mode] = modes();
  if (!isRoot || mode === undefined) return;
  const inside = await sandbox(mode, sleeping, ['--processes', '12']);
  const many = 'i=0; while [ $i -lt 30 ]; do sleep 1000 & i=$((i+1)); done 2>&1; wait';
  const started = start(mode, ['enter', String(inside.port), '--', 'sh', '-c', many]);
  await vi.waitUntil(
    () =>
      String(started.stdout()).includes('Cannot fork') || String(started.stderr()).includes('Cannot fork'),
    patient,
  );
  expect(pidsOf(inside.run.scratch, /sleep 1000/).length).toBeLessThan(20);
});

function hash(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
