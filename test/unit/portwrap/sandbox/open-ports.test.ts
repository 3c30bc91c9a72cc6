// The kernel's socket tables, and the ports of a real process.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, test } from 'vitest';
import {
  listeningPortNumbers,
  listeningPorts,
  parseSocketTable,
} from '../../../../portwrap/sandbox/open-ports.ts';
import { identify, thisProcess } from '../../../../portwrap/system/process.ts';

const line = (local: string, state: string) =>
  `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0 100 0 0 10 0`;
const table = (...lines: string[]) => ['  sl  local_address rem_address   st', ...lines, ''].join('\n');

test.each([
  ['any address', '00000000:22B8', 8888, false],
  ['127.0.0.1', '0100007F:1388', 5000, true],
  ['127.1.2.3', '0302017F:1388', 5000, true],
  ['10.0.2.100', '6402000A:0050', 80, false],
  ['::', '00000000000000000000000000000000:22B8', 8888, false],
  ['::1', '00000000000000000000000001000000:22B8', 8888, true],
  ['::ffff:127.0.0.1', '0000000000000000FFFF00000100007F:22B8', 8888, true],
])('a socket that listens on %s', (_, local, port, isLoopback) => {
  expect(parseSocketTable(table(line(local, '0A')))).toEqual([{ port, isLoopback, inode: '4711' }]);
});

test('connections are no open ports', () => {
  expect(parseSocketTable(table(line('0100007F:1388', '01'), line('0100007F:1389', '06')))).toEqual([]);
});

test('a port that this process opens is found under its name, and gone when it is closed', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const found = () => listeningPorts(thisProcess()).find((one) => one.port === port);
  expect(found()).toMatchObject({ port, loopbackOnly: true });
  expect(found()?.programs).toHaveLength(1);
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

/** A process that listens, and has its socket open as often as it may, up to `descriptors` times. */
async function holdPort(descriptors: number) {
  const program = `
import os, resource, socket, sys
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
