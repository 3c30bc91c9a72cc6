// The options of `portwrap` that shape the sandbox, as they are felt inside, and what it tells scripts.
// Not here: how they are parsed (test/unit/portwrap).
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { fetchText } from '../../support/http.ts';
import { freePorts } from '../../support/machine/free-ports.ts';
import { entriesBelow, pathOf } from '../../support/machine/tree.ts';
import { hasControlGroups } from '../../support/machine/world.ts';
import { installPortwrap, type Mode, modes, runPortwrap } from '../../support/run-portwrap.ts';

const installed = installPortwrap();
afterAll(() => installed.remove());

async function run(mode: Mode, options: readonly string[], ...command: string[]) {
  const [port = 0] = await freePorts(1);
  const started = runPortwrap(installed, mode, port, command, { options });
  return { code: await started.ended, stdout: started.stdout(), stderr: started.stderr() };
}

describe.each(modes())('portwrap started by $name', (mode) => {
  test('host port 0 takes a free port and prints where it is', async () => {
    const serve = [process.execPath, installed.fixture('serve.mjs'), 'it', '8888'];
    const started = runPortwrap(installed, mode, 0, serve, { options: ['--wait'] });
    await expect.poll(() => started.stderr(), { timeout: 20_000 }).toMatch(/responds\n$/);
    const port = Number(
      /http:\/\/127\.0\.0\.1:(\d+)\/ is forwarded to port 8888/.exec(started.stderr())?.[1],
    );
    expect(port).toBeGreaterThanOrEqual(20_000);
    expect(await fetchText(port)).toBe('it:8888');
    started.process.kill('SIGTERM');
    await started.ended;
  });

  test('--json tells the steps, one object a line', async () => {
    const { stderr } = await run(mode, ['--json'], 'sh', '-c', 'exit 3');
    const events = stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(events.map(({ event }) => event)).toEqual(['forwarding', 'ended']);
    expect(events[0]).toMatchObject({
      guestPort: 8888,
      pid: expect.any(Number),
      milliseconds: expect.any(Number),
    });
    expect(events[1]).toMatchObject({ code: 3, signal: null, outOfMemory: false });
  });

  test('without --verbose it says nothing of its own', async () => {
    expect((await run(mode, [], 'true')).stderr).toBe('');
  });

  test('--view strict: nothing of the machine can be written', async () => {
    const places = ['/var/lib', '/usr', '/etc', installed.directory];
    const touch = places.map((place) => `touch ${place}/x 2>/dev/null && echo ${place}`).join('; ');
    const { stdout } = await run(
      mode,
      ['--view', 'strict'],
      'sh',
      '-c',
      `${touch}; touch /tmp/x && echo /tmp`,
    );
    expect(stdout).toBe('/tmp\n');
  });

  test('--devices basic: only what every program needs, and it works', async () => {
    const { stdout } = await run(
      mode,
      ['--devices', 'basic'],
      'sh',
      '-c',
      'ls /dev; echo x > /dev/null; head -c 3 /dev/zero | wc -c; echo y | cat /dev/stdin',
    );
    const names = stdout.split('\n');
    expect(names).toContain('null');
    expect(names.filter((name) => /^(sd|vd|loop|mem|kmsg|net)/.test(name))).toEqual([]);
    expect(names.slice(-3)).toEqual(['3', 'y', '']);
  });

  test('--hide holds for the files that a sandbox has of its own, of names', async () => {
    const files = ['/etc/resolv.conf', '/etc/hosts'];
    const hide = files.flatMap((path) => ['--hide', path]);
    const { stdout } = await run(mode, hide, 'sh', '-c', `cat ${files.join(' ')} 2>/dev/null; echo end`);
    expect(stdout).toBe('end\n');
  });

  test('--hide, --read-only and --temporary hold for the path, whatever lies around it', async () => {
    const { stdout, stderr } = await run(
      mode,
      ['--hide', '/etc/passwd', '--read-only', '/tmp', '--temporary', '/opt', '--hide', '/usr/share/doc'],
      ...[
        'sh',
        '-c',
        'cat /etc/passwd; touch /tmp/x; touch /opt/x && ls /opt; ls -A /usr/share/doc; touch /usr/share/doc/x',
      ],
    );
    expect(stdout).toBe('x\n');
    expect(stderr).toContain('/etc/passwd: Permission denied');
    expect(stderr).toMatch(/touch: .*\/tmp\/x/);
    expect(stderr).toMatch(/touch: .*\/usr\/share\/doc\/x/);
  });

  test('a path that does not exist is refused by name, and nothing runs', async () => {
    const { code, stdout, stderr } = await run(mode, ['--read-write', '/no/such/path'], 'echo', 'ran');
    expect([code, stdout]).toEqual([125, '']);
    expect(stderr).toContain('/no/such/path does not exist');
  });

  test('--internet no and --no-dns leave only the loopback', async () => {
    const probe = 'for a in 198.51.100.1/80 10.0.2.3/53; do echo > /dev/tcp/$a; done';
    const { stderr } = await run(mode, ['--internet', 'no', '--no-dns'], 'bash', '-c', probe);
    for (const address of ['198.51.100.1/80', '10.0.2.3/53'])
      expect(stderr).toContain(`${address}: Network is unreachable`);
  });

  test('--open-files is what the command gets', async () => {
    expect((await run(mode, ['--open-files', '77'], 'sh', '-c', 'ulimit -n')).stdout).toBe('77\n');
  });

  test('doctor finds nothing wrong here, and says so in JSON', async () => {
    const argv = [...mode.become, process.execPath, installed.main, 'doctor', ...mode.options, '--json'];
    const text = execFileSync(argv[0] ?? '', argv.slice(1), { encoding: 'utf8' });
    const checks = JSON.parse(text) as { name: string; status: string; fix: string }[];
    expect(checks.filter(({ status }) => status === 'failed')).toEqual([]);
    expect(checks.map(({ name }) => name)).toEqual(expect.arrayContaining(['bwrap', 'sandbox', 'launch']));
  });
});

const withControlGroups = () => {
  const [mode] = modes();
  if (mode === undefined) return;

  test('--memory: a command that takes more is killed, and told so', async () => {
    const { code, stderr } = await run(
      mode,
      ['--memory', '64M'],
      '/usr/bin/python3',
      '-c',
      'x = b"x" * 300_000_000',
    );
    expect(code).toBe(137);
    expect(stderr).toContain('ran out of memory');
  });

  test('--processes: no more can be started, and the machine goes on', async () => {
    const { stderr } = await run(
      mode,
      ['--processes', '10'],
      'bash',
      '-c',
      'for i in {1..20}; do sleep 0.2 & done; wait',
    );
    expect(stderr).toContain('Resource temporarily unavailable');
  });

  test('no control group is left', () => {
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
    const hierarchies = mounts
      .filter((line) => line.includes(' - cgroup'))
      .map((line) => line.split(' ')[4] ?? '');
    // the worlds share them, and other tests' groups come and go
    const groups = hierarchies.flatMap(entriesBelow).map(pathOf);
    expect(hierarchies).not.toEqual([]);
    expect(groups.filter((path) => /(^|\/)portwrap-[0-9a-f]+(\.scope)?$/.test(path))).toEqual([]);
  });
};
if (hasControlGroups) describe('limits, with control groups', withControlGroups);

// an ordinary user may not make control groups here; where there are none, root may not either
test.each(modes().filter(({ options }) => options.length === 0 || !hasControlGroups))(
  'limits that cannot be kept are refused to $name, and nothing runs',
  async (mode) => {
    const { code, stdout, stderr } = await run(mode, ['--memory', '64M'], 'echo', 'ran');
    expect([code, stdout]).toEqual([125, '']);
    expect(stderr).toContain('control group');
  },
);
