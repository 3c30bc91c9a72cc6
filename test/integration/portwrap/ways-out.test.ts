// Ways out of a sandbox that are no addresses of the network: keyrings, paths on which somebody listens, control groups,
// kinds of sockets that no namespace keeps apart. Not here: the network, privileges and processes (inside.test.ts).
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { isRoot } from '../../support/machine/accounts.ts';
import { freePorts } from '../../support/machine/free-ports.ts';
import { runId } from '../../support/machine/run-id.ts';
import { needsRoot, skipIf } from '../../support/reasons.ts';
import { installPortwrap, modes, runPortwrap } from '../../support/run-portwrap.ts';

const installed = installPortwrap();
/** Below /run, where the programs of a machine listen; an ordinary user has no place there. */
const listening = isRoot ? `/run/pw-${runId()}` : mkdtempSync('/tmp/pw-');
afterAll(() => {
  rmSync(listening, { recursive: true, force: true });
  installed.remove();
});

interface Findings {
  readonly keys: Record<string, string>;
  readonly io_uring: string;
  readonly families: Record<string, string>;
  readonly late: string;
  readonly sockets: readonly string[];
  readonly run: readonly string[];
  readonly groups: readonly string[];
  readonly remount: number;
}

describe.each(modes())('in a sandbox started by $name', (mode) => {
  let found: Findings;

  beforeAll(async () => {
    const [port = 0] = await freePorts(1);
    const path = join(listening, `late-${mode.uid}`);
    const command = ['/usr/bin/python3', installed.fixture('ways-out.py'), path];
    const run = runPortwrap(installed, mode, port, command, { stdio: ['pipe', 'pipe', 'pipe'] });
    await vi.waitUntil(() => run.stdout() === 'ready\n', { timeout: 60_000, interval: 25 });
    mkdirSync(listening, { recursive: true, mode: 0o755 });
    const server = createServer((socket) => socket.destroy()).listen(path);
    await once(server, 'listening');
    chmodSync(path, 0o666);
    run.process.stdin?.end('now\n');
    expect(await run.ended, run.stderr()).toBe(0);
    server.close();
    found = JSON.parse(run.stdout().replace('ready\n', '')) as Findings;
  });

  test('no keyring is in reach, neither the launcher’s nor one of its own', () => {
    const missing = 'Function not implemented';
    expect(found.keys).toEqual({ add_key: missing, request_key: missing, keyctl: missing });
  });

  test('sockets of the kinds that no namespace keeps apart cannot be made, also not through io_uring', () => {
    const refused = 'Address family not supported by protocol';
    expect(found.families).toEqual({
      ...{ vsock: refused, alg: refused, packet: refused },
      ...{ unix: 'made', inet: 'made', inet6: 'made', netlink: 'made' },
    });
    expect(found.io_uring).toBe('Function not implemented');
  });

  test('a socket below /run that is made after the start is not there', needsRoot, () => {
    expect(found.late).toBe('No such file or directory');
  });

  test('/run holds no socket, and nothing of the machine', () => {
    expect(found.sockets).toEqual([]);
    expect(found.run.filter((name) => !['lock', 'nscd', 'screen', 'user', 'systemd'].includes(name))).toEqual(
      [],
    );
  });

  test('no file of a control group can be written', () => {
    expect(found.groups).toEqual([]);
    expect(found.remount).not.toBe(0);
  });
});

describe.each(modes())('a payload started by $name', (mode) => {
  test('that floods the pipes of pid 1 does not keep its launcher busy', async () => {
    const [port = 0] = await freePorts(1);
    const run = runPortwrap(installed, mode, port, ['/usr/bin/python3', installed.fixture('flood.py')]);
    await expect.poll(run.stdout, { timeout: 15_000 }).toMatch(/^flooding [01]\n$/);
    const before = processorTime(run.pid);
    await once(AbortSignal.timeout(2_000), 'abort');
    const spent = processorTime(run.pid) - before;
    run.process.kill('SIGTERM');
    expect(await run.ended).toBe(143);
    expect(spent).toBeLessThan(30);
  });
});

/** In ticks of 10 ms, proc(5). */
function processorTime(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
}

describe.each(modes().slice(0, 1))('with --socket-family, a sandbox started by $name', (mode) => {
  test('can make the sockets that were named, and no others', async () => {
    const [port = 0] = await freePorts(1);
    const script = 'import socket; socket.socket(17, socket.SOCK_RAW)';
    const code = (options: string[]) =>
      runPortwrap(installed, { ...mode, options: [...mode.options, ...options] }, port, [
        '/usr/bin/python3',
        '-c',
        script,
      ]);
    const named = code(['--socket-family', 'packet']);
    expect(await named.ended).toBe(1);
    // the kernel's own refusal: it needs a capability
    expect(named.stderr()).toContain('PermissionError');
    const other = code(['--socket-family', 'can']);
    await other.ended;
    expect(other.stderr()).toContain('Address family not supported');
  });
});

const unified = '/sys/fs/cgroup/cgroup.controllers';
const hasMemoryController =
  existsSync('/sys/fs/cgroup/memory') ||
  (existsSync(unified) && readFileSync(unified, 'utf8').split(' ').includes('memory'));

test(
  'a payload finds the memory limit that binds it where programs look',
  skipIf(!isRoot || !hasMemoryController, 'needs root and the memory controller'),
  async () => {
    const [mode] = modes();
    if (mode === undefined) throw new Error('no mode');
    const [port = 0] = await freePorts(1);
    const limits = { ...mode, options: [...mode.options, '--memory', '64M'] };
    const files = '/sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max';
    const run = runPortwrap(installed, limits, port, ['sh', '-c', `cat ${files} 2>/dev/null`]);
    await run.ended;
    expect(run.stdout()).toBe(`${64 * 1024 * 1024}\n`);
  },
);
