// The ports of a real process.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { listeningPortNumbers, listeningPorts } from '../../../../portwrap/sandbox/open-ports.ts';
import { identify, thisProcess } from '../../../../portwrap/system/process.ts';

test('a port that this process opens is found under its name, and gone when it is closed', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const found = () => listeningPorts(thisProcess()).find((one) => one.port === port);
  expect(found()).toMatchObject({ port, loopbackOnly: true });
  expect(found()?.programs).toHaveLength(1);
  const { started, words, key } = found() ?? {};
  // to the second, on either side
  expect(Math.abs(Number(started) - (Date.now() - process.uptime() * 1000))).toBeLessThan(3_000);
  expect(words?.length).toBeGreaterThan(0);
  expect(found()?.key).toBe(key);
  expect(await listeningPortNumbers(thisProcess())).toContain(port);
  server.close();
  await once(server, 'close');
  expect(found()).toBeUndefined();
});

test('a process that is gone, or another one under its pid, has no ports', () => {
  expect(listeningPorts({ ...thisProcess(), startTime: 1 })).toEqual([]);
});

test('the descriptors that a process opens do not multiply the time that its ports take', async () => {
  const few = await holdPort(5_000);
  const many = await holdPort(19_000);
  try {
    const [of5000 = 0, of19000 = 0] = [few, many].map((holder) =>
      Math.min(...[1, 2, 3].map(() => cpuOf(() => expect(holder.found()?.programs).toHaveLength(1)))),
    );
    expect(of19000 / of5000).toBeLessThan(5);
  } finally {
    await Promise.all([few.end(), many.end()]);
  }
});

test('a program whose main thread has a name of its own, as Node 24 gives it, is called as it was started', async () => {
  const named = await holdPort(0, 'open("/proc/self/comm", "w").write("MainThread")');
  expect(named.found()?.programs).toEqual(['python3']);
  await named.end();
});

/** A process that listens, and has its socket open as often as it may, up to `descriptors` times. */
async function holdPort(descriptors: number, first = '') {
  const program = `
import os, resource, socket, sys
${first}
most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
listener = socket.create_server(("127.0.0.1", 0))
for _ in range(min(${descriptors}, most - 50)): os.dup(listener.fileno())
print(listener.getsockname()[1], flush=True)
sys.stdin.read()`;
  const child = spawn('/usr/bin/python3', ['-c', program], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = await once(child.stdout, 'data');
  const identity = identify(child.pid ?? 0) ?? thisProcess();
  return {
    found: () => listeningPorts(identity).find(({ port }) => port === Number(line)),
    async end() {
      child.stdin.end();
      await once(child, 'exit');
    },
  };
}

/** CPU time of this process in microseconds. */
function cpuOf(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
