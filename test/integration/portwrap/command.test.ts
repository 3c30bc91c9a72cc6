// The `portwrap` command as a user meets it: exit codes, output, the one port, nothing else.
// Not here: signals and kills (ending.test.ts), attacks from inside (inside.test.ts).

import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { fetchText, isListening } from '../../support/http.ts';
import { census, nothing } from '../../support/machine/census.ts';
import { freePorts } from '../../support/machine/free-ports.ts';
import { needsRoot } from '../../support/reasons.ts';
import {
  installPortwrap,
  type Mode,
  modes,
  type Run,
  type RunOptions,
  runPortwrap,
} from '../../support/run-portwrap.ts';

const installed = installPortwrap();
afterAll(() => installed.remove());

async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1);
  return port;
}

async function run(mode: Mode, command: readonly string[], options: RunOptions = {}) {
  const started = runPortwrap(installed, mode, await freePort(), command, options);
  const code = await started.ended;
  return { code, stdout: started.stdout(), stderr: started.stderr(), left: census(started.scratch) };
}

/** Ends a run and holds it to having left nothing but its two scratch directories. */
async function end(started: Run): Promise<void> {
  started.process.kill('SIGTERM');
  await started.ended;
  expect(census(`${started.scratch}/tmp`)).toEqual(nothing);
}

test('the command is one file, which loads no module but those of Node', () => {
  const names = [...readFileSync(installed.main, 'utf8').matchAll(/^import .*?"(.+)";$/gm)].map(
    ([, name]) => name,
  );
  expect(names).toContain('node:child_process');
  expect(names.filter((name) => !name?.startsWith('node:'))).toEqual([]);
});

describe.each(modes())('portwrap started by $name', (mode) => {
  test.each([
    ['true', 0],
    ['exit 7', 7],
    ['exit 99', 99],
    ['exit 255', 255],
    ['kill -TERM $$', 143],
    ['kill -KILL $$', 137],
    ['kill -SEGV $$', 139],
    ['kill -INT $$', 130],
  ])('ends as the command does: sh -c "%s" is %i', async (script, expected) => {
    const { code, stderr, left } = await run(mode, ['sh', '-c', script]);
    expect({ code, stderr, processes: left.processes }).toEqual({
      code: expected,
      stderr: '',
      processes: [],
    });
  });

  test.each([
    ['no-such-command', 127],
    ['/etc/passwd', 126],
    ['/no/such/file', 127],
  ])('a command that cannot run says so: %s is %i', async (command, expected) => {
    const { code, stderr } = await run(mode, [command]);
    expect(code).toBe(expected);
    expect(stderr).toContain(command);
  });

  test('standard input, output and error are the command’s own, byte for byte', async () => {
    const started = runPortwrap(installed, mode, await freePort(), ['sh', '-c', 'cat; echo to-stderr >&2'], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const text = 'line one\n\ttwo äöü\n'.repeat(20_000);
    started.process.stdin?.end(text);
    expect(await started.ended).toBe(0);
    expect(started.stdout()).toBe(text);
    expect(started.stderr()).toBe('to-stderr\n');
  });

  test('{guest-port} is replaced in every argument, and arguments are not touched otherwise', async () => {
    const { stdout } = await run(mode, [
      'printf',
      '%s|',
      '--port={guest-port}',
      '{guest-port}{guest-port}',
      ' a  b ',
      '$HOME',
      '',
    ]);
    expect(stdout).toBe('--port=8888|88888888| a  b |$HOME||');
  });

  test('ssh takes the configuration that this machine includes', needsRoot, async () => {
    const own = mkdtempSync(join(installed.directory, 'ssh-'));
    chmodSync(own, 0o755);
    writeFileSync(join(own, 'site.conf'), 'Host example\n  HostName included.example\n');
    const mount = `mount --bind ${own} /etc/ssh/ssh_config.d && exec "$@"`;
    const become = ['unshare', '-m', 'sh', '-c', mount, 'sh', ...mode.become];
    const { code, stdout, stderr } = await run({ ...mode, become }, ['ssh', '-G', 'example']);
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('hostname included.example');
  });

  test('options after the command belong to the command', async () => {
    const { stdout } = await run(mode, ['echo', '-p', '1', '--help', '--', '-P']);
    expect(stdout).toBe('-p 1 --help -- -P\n');
  });

  test('a command whose name has an equals sign is a command, not a variable', async () => {
    const { code, stderr } = await run(mode, ['A=b', 'true']);
    expect(code).toBe(127);
    expect(stderr).toContain('A=b');
  });

  test('the guest port answers on the host port of 127.0.0.1 and on no other address of this host', async () => {
    const port = await freePort();
    const server = runPortwrap(installed, mode, port, [
      'node',
      installed.fixture('serve.mjs'),
      'it',
      '8888',
      '5000',
    ]);
    await expect.poll(() => fetchText(port), { interval: 20, timeout: 15_000 }).toBe('it:8888');
    const own = Object.values(networkInterfaces())
      .flatMap((infos) => infos ?? [])
      .filter((info) => info.family === 'IPv4' && !info.internal);
    for (const { address } of own) expect(await isListening(port, address)).toBe(false);
    expect(await isListening(port, '127.0.0.2')).toBe(false);
    expect(await isListening(5000)).toBe(false);
    await end(server);
    expect(await isListening(port)).toBe(false);
  });

  test('two sandboxes listen on the same ports and each sees only its own', async () => {
    const ports = await freePorts(2);
    const script = `node ${installed.fixture('serve.mjs')} "$0" 8888 5000 & while ! exec 3<>/dev/tcp/127.0.0.1/5000; do :; done 2>/dev/null
      printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; tail -n 1 <&3; wait`;
    const runs = ports.map((port, index) =>
      runPortwrap(installed, mode, port, ['bash', '-c', script, `server-${index}`]),
    );
    for (const [index, started] of runs.entries()) {
      await expect.poll(() => started.stdout(), { timeout: 15_000 }).toContain(`server-${index}:5000`);
      await expect
        .poll(() => fetchText(ports[index] ?? 0), { interval: 20, timeout: 15_000 })
        .toBe(`server-${index}:8888`);
    }
    for (const started of runs) await end(started);
  });

  test('a taken host port ends it at once with 98, naming port and address; the command never runs', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as { port: number };
    const started = runPortwrap(installed, mode, port, ['sh', '-c', 'echo ran']);
    expect(await started.ended).toBe(98);
    expect(started.stdout()).toBe('');
    expect(started.stderr()).toContain(`${port}`);
    expect(started.stderr()).toContain('127.0.0.1');
    expect(census(`${started.scratch}/tmp`)).toEqual(nothing);
    holder.close();
  });

  test('the environment reaches the command, names that no shell would accept included', async () => {
    const locale = { LC_ALL: 'C', LC_odd: 'x y', LC_EMPTY: '' };
    const odd: Record<string, string> =
      mode.options.length > 0
        ? {}
        : { 'a.b': '1', 'x-y': '2', 'BASH_FUNC_f%%': '() { :; }', LD_BIND_NOW: '1' };
    const { stdout } = await run(mode, ['/usr/bin/env', '-0'], { environment: { ...locale, ...odd } });
    const seen = Object.fromEntries(
      stdout
        .split('\0')
        .filter(Boolean)
        .map((entry) => {
          const cut = entry.indexOf('=');
          return [entry.slice(0, cut), entry.slice(cut + 1)];
        }),
    );
    expect(seen).toMatchObject({ ...locale, ...odd });
  });

  test('the command keeps the caller’s umask and working directory', async () => {
    const { stdout } = await run(
      { ...mode, become: ['sh', '-c', 'umask 077; exec "$@"', 'sh', ...mode.become] },
      ['sh', '-c', 'umask; pwd'],
      { workingDirectory: '/usr/lib' },
    );
    expect(stdout).toBe('0077\n/usr/lib\n');
  });
});

describe('portwrap started by root', needsRoot, () => {
  const asRoot: Mode = { name: 'root', uid: 0, become: [], options: [] };

  test('refuses to run a command as root unless told to', async () => {
    const { code, stdout, stderr } = await run(asRoot, ['echo', 'ran']);
    expect({ code, stdout }).toEqual({ code: 77, stdout: '' });
    expect(stderr).toContain('--user');
  });

  test('refuses an account that does not exist, and root by name', async () => {
    expect((await run({ ...asRoot, options: ['--user', 'no-such-account'] }, ['true'])).code).toBe(77);
    expect((await run({ ...asRoot, options: ['--user', 'root'] }, ['true'])).code).toBe(77);
  });

  test('with --allow-root the command is root without any capability', async () => {
    const { stdout } = await run({ ...asRoot, options: ['--allow-root'] }, [
      'sh',
      '-c',
      'id -u; grep Cap /proc/self/status',
    ]);
    expect(stdout).toMatch(/^0\n(Cap\w+:\t0{16}\n){5}$/);
  });
});
