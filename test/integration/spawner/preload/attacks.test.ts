// Attacks on the way from a fork server into a sandbox. Orders are sent as the service sends them, with one thing wrong; the
// target is the sandbox of a running server. A child that is refused ends and leaves nothing.
import { closeSync, openSync, readdirSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { forkSocket, orderFor, sendOrder, type Target, targetOf } from '../../../support/fork-order.ts';
import { forkedService, forkServerPid } from '../../../support/preload.ts';
import type { TestService } from '../../../support/service.ts';

async function prepared(): Promise<{ service: TestService; target: Target; socket: string }> {
  const { service } = await forkedService();
  return { service, socket: forkSocket(service), target: await startTarget(service, 'ann') };
}

async function startTarget(service: TestService, user: string): Promise<Target> {
  const events = await service.start(user, {
    spawn_id: `spawn-${user}-1`,
    env: { TOKEN: `s3cr3t-of-${user}` },
  });
  if (events.at(-1)?.url === undefined) throw new Error(JSON.stringify(events));
  return targetOf(service, user);
}

/** What the child says after its pid; it does not hear "go", and ends. */
async function ask(path: string, order: object | string): Promise<readonly string[]> {
  const { pid, rest } = await sendOrder(path, order);
  await expect.poll(() => isThere(pid)).toBe(false);
  return rest;
}

const isThere = (pid: number) => readdirSync('/proc').includes(String(pid));

test('a sound order is accepted, and a child that does not hear "go" ends', { timeout: 60_000 }, async () => {
  const { socket, target } = await prepared();
  const before = inside(target);
  const { pid, rest } = await sendOrder(socket, orderFor(target), () => {
    expect(inside(target)).toHaveLength(before.length + 1);
    return '';
  });
  expect(rest).toEqual([expect.stringMatching(/^ready \d+$/)]);
  await expect.poll(() => isThere(pid)).toBe(false);
  await expect.poll(() => inside(target)).toEqual(before);
});

test('a signal of the user neither ends nor interrupts a child before it is the server', {
  timeout: 60_000,
}, async () => {
  const { socket, target } = await prepared();
  const before = inside(target);
  let pending = '';
  await sendOrder(socket, orderFor(target), () => {
    const [waiting = 0] = inside(target).filter((pid) => !before.includes(pid));
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGUSR1'] as const) process.kill(waiting, signal);
    pending = /^ShdPnd:\t(\w+)/m.exec(readFileSync(`/proc/${waiting}/status`, 'utf8'))?.[1] ?? '';
    return '';
  });
  // bits of signals 2, 10 and 15, signal(7)
  expect(Number.parseInt(pending, 16)).toBe((1 << 1) | (1 << 9) | (1 << 14));
  await expect.poll(() => inside(target)).toEqual(before);
});

test('a sandbox that dies while the child waits in it takes the child with it', {
  timeout: 60_000,
}, async () => {
  const { service, socket, target } = await prepared();
  const before = inside(target);
  let waiting = 0;
  await sendOrder(socket, orderFor(target), async () => {
    [waiting = 0] = inside(target).filter((pid) => !before.includes(pid));
    process.kill(target.pid, 'SIGKILL');
    await expect.poll(() => isThere(target.pid)).toBe(false);
    return 'go\n';
  });
  expect(waiting).toBeGreaterThan(0);
  await expect.poll(() => isThere(waiting)).toBe(false);
  await service.call('DELETE', '/users/ann/server');
});

test('where the kernel does not let a child show its arguments, it becomes the command', {
  timeout: 60_000,
}, async () => {
  const { service, path } = await forkedService();
  const target = await startTarget(service, 'ann');
  const before = inside(target);
  const order = { ...orderFor(target, ['/bin/sleep', '60'], path), filter: refuses(prctl, PR_SET_MM) };
  await sendOrder(forkSocket(service), order, () => 'go\n');
  const words = () =>
    inside(target)
      .filter((pid) => !before.includes(pid))
      .map((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
  await expect.poll(words, { timeout: 10_000 }).toEqual(['/bin/sleep\x0060\0']);
});

test.each<[string, (target: Target) => object | string]>([
  ['root', (target) => ({ ...orderFor(target), uid: 0 })],
  ['the group of root', (target) => ({ ...orderFor(target), gid: 0 })],
  ['another user than the one of the sandbox', (target) => ({ ...orderFor(target), uid: target.uid + 1 })],
  [
    'another process that has the pid now',
    (target) => ({ ...orderFor(target), start_time: target.start_time - 1 }),
  ],
  [
    'a process of the host',
    (target) => ({ ...orderFor(target), pid: process.pid, start_time: startOf(process.pid) }),
  ],
  ['a process that does not exist', (target) => ({ ...orderFor(target), pid: 4_000_000 })],
  ['no seccomp filter', (target) => ({ ...orderFor(target), filter: '' })],
  ['a broken seccomp filter', (target) => ({ ...orderFor(target), filter: 'ff'.repeat(8) })],
  [
    'more than a start can have',
    (target) => ({ ...orderFor(target), environment: { A: 'a'.repeat(9_000_000) } }),
  ],
  ['nothing', () => '{}'],
  ['no JSON', () => 'go'],
])('an order for %s is refused', { timeout: 60_000 }, async (_, order) => {
  const { socket, target } = await prepared();
  const before = inside(target);
  expect(await ask(socket, order(target))).toEqual([]);
  expect(inside(target)).toEqual(before);
});

test('a sandbox that dies before the order is entered by nobody', { timeout: 60_000 }, async () => {
  const { socket, target, service } = await prepared();
  process.kill(target.pid, 'SIGKILL');
  await expect.poll(() => isThere(target.pid)).toBe(false);
  expect(await ask(socket, orderFor(target))).toEqual([]);
  await service.call('DELETE', '/users/ann/server');
});

test('no token of a user is in the fork server, or in the server of another user', {
  timeout: 60_000,
}, async () => {
  const { service } = await forkedService({
    modules: ['http.server', 'planted'],
    prepare: (path) => writeFileSync(join(path, 'planted.py'), 'TEXT = "-".join(("s3cr3t", "of", "all"))\n'),
  });
  const target = await startTarget(service, 'ann');
  const other = await startTarget(service, 'bob');
  const [, payload = 0] = [0, ...childrenOf(other.pid)];
  expect(memoryContains(payload, 's3cr3t-of-bob')).toBe(true);
  expect(memoryContains(payload, 's3cr3t-of-ann')).toBe(false);
  for (const user of ['ann', 'bob'])
    expect(memoryContains(forkServerPid(service), `s3cr3t-of-${user}`)).toBe(false);
  // what is there is found
  for (const pid of [payload, forkServerPid(service)])
    expect(memoryContains(pid, 's3cr3t-of-all')).toBe(true);
  expect(childrenOf(target.pid)).toHaveLength(1);
});

const prctl = { x64: 157, arm64: 167 }[process.arch as 'x64' | 'arm64'];
const PR_SET_MM = 35;

/** A seccomp program: EINVAL for that call with that first argument, linux/filter.h. */
function refuses(call: number, argument: number): string {
  const lines = [
    ...[
      [0x20, 0, 0, 0],
      [0x15, 0, 3, call],
      [0x20, 0, 0, 16],
      [0x15, 0, 1, argument],
    ],
    ...[
      [0x06, 0, 0, 0x0005_0000 + 22],
      [0x06, 0, 0, 0x7fff_0000],
    ],
  ] as const;
  const program = Buffer.alloc(8 * lines.length);
  for (const [index, [code, yes, no, value]] of lines.entries()) {
    program.writeUInt16LE(code, 8 * index);
    program.set([yes, no], 8 * index + 2);
    program.writeUInt32LE(value, 8 * index + 4);
  }
  return program.toString('hex');
}

function inside({ pid }: Target): number[] {
  return childrenOf(pid);
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}

function startOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[19]);
}

/** Whether its writable memory has the text. */
function memoryContains(pid: number, text: string): boolean {
  const maps = readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n');
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  try {
    return maps.some((line) => {
      const [, from = '0', to = '0', rights] = /^(\w+)-(\w+) (\S+)/.exec(line) ?? [];
      if (rights === undefined || !rights.startsWith('rw')) return false;
      const bytes = Buffer.alloc(Number.parseInt(to, 16) - Number.parseInt(from, 16));
      try {
        readSync(memory, bytes, 0, bytes.length, Number.parseInt(from, 16));
      } catch {
        return false; // the kernel's own pages
      }
      return bytes.includes(text);
    });
  } finally {
    closeSync(memory);
  }
}
