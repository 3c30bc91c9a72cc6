// How a foreground `portwrap` ends: by signals at any moment, by kills of its parts, with daemons inside, on
// a real terminal. Whatever happens, no process, directory or bound port is left.
// Not here: exit codes of commands that end by themselves (command.test.ts).
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { childrenOf } from '../../../portwrap/system/process.ts';
import { fetchText, isListening } from '../../support/http.ts';
import { census, nothing, pidsOf } from '../../support/machine/census.ts';
import { freePorts } from '../../support/machine/free-ports.ts';
import { installPortwrap, modes, type Run, runPortwrap } from '../../support/run-portwrap.ts';

const installed = installPortwrap();
afterAll(() => installed.remove());
const serve = ['node', installed.fixture('serve.mjs'), 'it', '8888'];

async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1);
  return port;
}

/** Nothing of the run is left, at the latest when the kernel has taken its last process down. */
async function expectNothingLeft(run: Run, port: number): Promise<void> {
  await expect.poll(() => census(run.scratch).processes, { interval: 5, timeout: 10_000 }).toEqual([]);
  expect(census(join(run.scratch, 'tmp'))).toEqual(nothing);
  await expect.poll(() => isListening(port), { interval: 5, timeout: 5_000 }).toBe(false);
}

const signals = [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
  ['SIGQUIT', 131],
] as const;

/** Not a shell with a child: dash loses an interrupt that comes while it starts one, with and without portwrap. */
const idle = ['node', '-e', 'console.log("ready"); setInterval(() => {}, 1e6)'];

describe.each(modes())('portwrap started by $name', (mode) => {
  test.each(signals)('%s ends a running command, with %i and nothing left', async (signal, code) => {
    const port = await freePort();
    const run = runPortwrap(installed, mode, port, ['sh', '-c', 'echo ready; exec sleep 1000']);
    await expect.poll(() => run.stdout(), { interval: 5, timeout: 15_000 }).toBe('ready\n');
    process.kill(run.pid, signal);
    expect(await run.ended).toBe(code);
    expect(census(run.scratch).processes).toEqual([]); // at once: portwrap ends last
    expect(await isListening(port)).toBe(false);
    await expectNothingLeft(run, port);
  });

  test('a signal at any moment of a launch ends it, with nothing left', { timeout: 120_000 }, async () => {
    const [warmUp = 0, port = 0] = await freePorts(2);
    const started = performance.now();
    await runPortwrap(installed, mode, warmUp, ['true']).ended;
    const whole = performance.now() - started;
    const launches = 12;
    for (let index = 0; index < launches; index += 1) {
      const [signal, code] = signals[index % 3] ?? signals[0];
      const run = runPortwrap(installed, mode, port, ['sleep', '1000']);
      await elapsed((whole * 1.2 * index) / launches);
      process.kill(run.pid, signal);
      // before node has its handlers, the signal itself ends it
      expect([code, signal]).toContain(await run.ended);
      await expectNothingLeft(run, port);
    }
  });

  test('kill -9 of portwrap at any moment of a launch leaves no process and no bound port', {
    timeout: 120_000,
  }, async () => {
    const port = await freePort();
    const started = performance.now();
    await runPortwrap(installed, mode, port, ['true']).ended;
    const whole = performance.now() - started;
    const launches = 8;
    for (let index = 0; index < launches; index += 1) {
      const run = runPortwrap(installed, mode, port, ['sleep', '1000']);
      await elapsed((whole * 1.2 * index) / launches);
      process.kill(run.pid, 'SIGKILL');
      await run.ended;
      await expect.poll(() => census(run.scratch).processes, { interval: 5, timeout: 10_000 }).toEqual([]);
      await expect.poll(() => isListening(port), { interval: 5 }).toBe(false);
    }
  });

  test.each([
    ['portwrap itself', /portwrap\/main\.js/, ['SIGKILL']],
    ['bubblewrap’s monitor', /^\S*bwrap /, [125]],
    ['the sandbox’s pid 1', /^\S*bwrap /, [137]],
    ['the command', /^node .*serve\.mjs/, [137]],
  ])('kill -9 of %s leaves nothing', async (what, pattern, codes) => {
    const port = await freePort();
    const daemon = '(setsid sh -c "sleep 1000; :" &) ; exec "$@"';
    const run = runPortwrap(installed, mode, port, ['sh', '-c', daemon, 'sh', ...serve]);
    await expect.poll(() => fetchText(port), { interval: 20, timeout: 15_000 }).toBe('it:8888');
    expect(pidsOf(run.scratch, /sleep 1000/).length).toBeGreaterThan(0);
    const found = pidsOf(run.scratch, pattern).sort((a, b) => a - b);
    const victim = what.includes('pid 1') ? childrenOf(found[0] ?? 0)[0] : found[0];
    process.kill(victim ?? run.pid, 'SIGKILL');
    expect(codes).toContain(await run.ended);
    await expectNothingLeft(run, port);
  });

  test('a command that ends takes its daemons with it', async () => {
    const port = await freePort();
    const script = '(setsid sh -c "echo up; sleep 1000; :" &); read -r line';
    const run = runPortwrap(installed, mode, port, ['sh', '-c', script], { stdio: ['pipe', 'pipe', 'pipe'] });
    await expect.poll(() => run.stdout(), { interval: 5, timeout: 15_000 }).toBe('up\n');
    run.process.stdin?.end('\n');
    expect(await run.ended).toBe(0);
    await expectNothingLeft(run, port);
  });

  test('a command that ignores SIGTERM is left to it, and SIGTERM reaches no daemon of its', async () => {
    const port = await freePort();
    const daemon = `setsid sh -c "trap 'echo daemon hit' TERM; echo up; while :; do sleep 0.1; done"`;
    const run = runPortwrap(
      installed,
      mode,
      port,
      // not a shell: one that is about to read a line runs its trap only when it has got one
      [
        'node',
        '-e',
        `
        process.on('SIGTERM', () => console.log('asked'));
        process.stdin.once('data', () => process.exit(4));
        require('child_process').spawn('sh', ['-c', ${JSON.stringify(daemon)}], { stdio: ['ignore', 'inherit', 'ignore'] });
      `,
      ],
      { stdio: ['pipe', 'pipe', 'pipe'] },
    );
    await expect.poll(() => run.stdout(), { interval: 5, timeout: 15_000 }).toBe('up\n');
    process.kill(run.pid, 'SIGTERM');
    await expect.poll(() => run.stdout(), { interval: 5, timeout: 15_000 }).toBe('up\nasked\n');
    run.process.stdin?.end('\n');
    expect(await run.ended).toBe(4);
    expect(run.stdout()).toBe('up\nasked\n');
  });

  describe('on a terminal', () => {
    const pty = ['/usr/bin/python3', join(import.meta.dirname, '../../support/pty-run.py')];
    const onTerminal = async (command: readonly string[]) => {
      const port = await freePort();
      // the pty program stays root and outside: it is the terminal, not the user
      const run = runPortwrap(installed, { ...mode, become: [...pty, ...mode.become] }, port, command, {
        stdio: ['pipe', 'pipe', 'pipe'],
      });
      return { run, port, type: (line: string) => run.process.stdin?.write(`${line}\n`) };
    };

    test('Ctrl-C reaches the command exactly once', async () => {
      const { run, port, type } = await onTerminal(['node', installed.fixture('count-signals.mjs')]);
      await expect.poll(() => run.stdout(), { interval: 5, timeout: 15_000 }).toContain('ready');
      type('^C');
      await expect.poll(() => run.stdout(), { interval: 5, timeout: 15_000 }).toContain('interrupted');
      type('done');
      expect(await run.ended).toBe(3);
      expect(run.stdout()).toContain('interrupts=1');
      await expectNothingLeft(run, port);
    });

    test('Ctrl-C ends a command that does not handle it, with 130', async () => {
      const { run, port, type } = await onTerminal(idle);
      await expect.poll(() => run.stdout(), { interval: 5, timeout: 15_000 }).toContain('ready');
      type('^C');
      expect(await run.ended).toBe(130);
      await expectNothingLeft(run, port);
    });

    test('a terminal that is closed ends the command', async () => {
      const { run, port, type } = await onTerminal(idle);
      await expect.poll(() => run.stdout(), { interval: 5, timeout: 15_000 }).toContain('ready');
      type('hangup');
      await run.ended;
      await expectNothingLeft(run, port);
    });

    test('the command cannot type into the terminal of its caller', async () => {
      const { run } = await onTerminal(['/usr/bin/python3', installed.fixture('type-into-terminal.py')]);
      expect(await run.ended).toBe(0);
      expect(run.stdout()).toContain('refused: EPERM');
    });
  });
});

/** The tests above want to hit every moment of a launch, so they count time, and wait for nothing else. */
async function elapsed(milliseconds: number): Promise<void> {
  if (milliseconds > 0) await once(AbortSignal.timeout(Math.ceil(milliseconds)), 'abort');
}
