// Aborts many connections of every kind against the command, and counts its descriptors before and after.
// PORTWRAP_LEAK_COUNT=10000 makes it the long run.
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { expect, test, vi } from 'vitest';
import { connectionKey, type Ends, kernelConnections } from '../../../../proxy/http/kernel-connections.ts';
import { compiledCommand, freePort, runCommand } from '../support/command.ts';
import { rawUpstream } from '../support/upstream.ts';

const main = compiledCommand();
const count = Number(process.env.PORTWRAP_LEAK_COUNT ?? 200);
const atOnce = 50;

const get = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n';
const post = 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\nsome';
const upgrade = 'GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

const uploadSize = 64 * 1024 * 1024;
const upload = `POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ${uploadSize}\r\n\r\n`;

type Leave = (socket: Socket) => void;
const leaves: [string, Leave][] = [
  ['ends', (socket) => socket.end()],
  ['resets', (socket) => socket.resetAndDestroy()],
];

/** What an upstream does with a request: nothing, half an answer, an agreement to switch. */
const upstreams: [string, string, string, string][] = [
  ['before a request', '', '', ''],
  ['in the middle of a head', 'GET / HTTP/1.1\r\nHost: h', '', ''],
  ['before an answer', get, '', ''],
  ['during an upload', post, '', ''],
  ['during a download', get, 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nsome', 'some'],
  ['in a pending upgrade', upgrade, '', ''],
  ['on a WebSocket', upgrade, 'HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n', '101'],
  ['in a refused upgrade', upgrade, 'HTTP/1.1 403 No\r\nContent-Length: 1000\r\n\r\nsome', 'some'],
];

const cases = (['relay', 'http-proxy'] as const).flatMap((engine) =>
  leaves.flatMap(([how, leave]) =>
    upstreams.map(([when, ask, answer, sign]) => ({ engine, how, leave, when, ask, answer, sign })),
  ),
);

test.each(cases)('engine $engine: clients that each $how $when leave no descriptor', async (one) => {
  let asked = 0;
  const upstream = await rawUpstream((socket, received) => {
    if (!received.includes('\r\n\r\n')) return;
    asked++;
    if (one.answer !== '') socket.write(one.answer);
  });
  const port = await freePort();
  const argv = ['--ip', '127.0.0.1', '--port', `${port}`, '--engine', one.engine, '--log-level', 'error'];
  const command = runCommand(main, [...argv, '--default-target', upstream.url], {
    CONFIGPROXY_AUTH_TOKEN: 'x',
  });
  await expect.poll(() => answers(port), { timeout: 20_000 }).toBe(true);
  const descriptors = (): number => readdirSync(`/proc/${command.child.pid}/fd`).length;
  // A connection that was being opened when its client left is kept for the next one, and is no leak.
  const carrying = (): number => [...upstream.sockets].filter((socket) => socket.bytesRead > 0).length;
  const run = async (): Promise<void> => {
    const before = asked;
    const sockets = Array.from({ length: atOnce }, () => connect(port, '127.0.0.1'));
    await Promise.all(
      sockets.map((socket) =>
        one.sign === '' ? begun(socket, one.ask) : answered(socket, one.ask, one.sign),
      ),
    );
    if (one.sign === '' && one.ask.includes('\r\n\r\n'))
      await expect
        .poll(() => asked - before, { timeout: 20_000, interval: 5 })
        .toBeGreaterThanOrEqual(atOnce);
    for (const socket of sockets) one.leave(socket);
    for (const socket of sockets) socket.destroy();
  };
  // The first round makes what is made once; the count is taken when it has come to rest.
  await run();
  await expect.poll(carrying, { timeout: 20_000 }).toBe(0);
  const before = descriptors();
  for (let done = 0; done < count; done += atOnce) await run();
  await expect.poll(carrying, { timeout: 20_000 }).toBe(0);
  await expect.poll(descriptors, { timeout: 20_000 }).toBeLessThanOrEqual(before + 1);
});

// Without X-Forwarded-For nobody asks for a client's address before it is gone.
test.each([
  ['', []],
  [', also with --no-x-forward', ['--no-x-forward']],
])('a client that resets while the target stalls its upload leaves no descriptor%s', async (_, more) => {
  const { port, accepted, descriptors, transferred } = await stallingProxy(more);
  const before = descriptors();
  const clients = Array.from({ length: 5 }, () => connect(port, '127.0.0.1'));
  for (const client of clients) {
    await begun(client, upload);
    client.write(Buffer.alloc(uploadSize));
  }
  await expect.poll(accepted, { timeout: 20_000 }).toBe(clients.length);
  // Nothing moves any more once two looks in a row see the same.
  let last = Number.NaN;
  const moving = (): boolean => {
    const now = transferred();
    const same = now === last;
    last = now;
    return !same;
  };
  await expect.poll(moving, { timeout: 20_000, interval: 300 }).toBe(false);
  expect(descriptors()).toBe(before + 2 * clients.length);
  for (const client of clients) client.resetAndDestroy();
  await expect.poll(descriptors, { timeout: 20_000 }).toBeLessThanOrEqual(before + 1);
});

test('so does one that ends in the middle of it', async () => {
  const { port, accepted, descriptors } = await stallingProxy();
  const before = descriptors();
  const client = connect(port, '127.0.0.1');
  await begun(client, upload);
  await expect.poll(accepted, { timeout: 20_000 }).toBe(1);
  // A piece at a time, until one is not taken: then no more than that lies before the end.
  const piece = Buffer.alloc(64 * 1024);
  const unread = async (): Promise<number> =>
    (await kernelConnections())?.get(connectionKey(seenByProxy(client)) ?? '')?.unread ?? Number.NaN;
  for (let taken = true; taken; ) {
    await new Promise((resolve) => client.write(piece, resolve));
    taken = await within(2000, async () => (await unread()) === 0);
  }
  // not at once: the command looks into the kernel's table meanwhile, which is a file as well
  await expect.poll(descriptors, { timeout: 20_000, interval: 5 }).toBe(before + 2);
  client.end();
  await expect.poll(descriptors, { timeout: 20_000 }).toBeLessThanOrEqual(before + 1);
});

/** The command in front of a target that accepts uploads and reads nothing. */
async function stallingProxy(more: readonly string[] = []) {
  const upstream = await rawUpstream(
    () => undefined,
    (socket) => socket.pause(),
  );
  const port = await freePort();
  const argv = ['--ip', '127.0.0.1', '--port', `${port}`, '--default-target', upstream.url, ...more];
  const command = runCommand(main, argv, { CONFIGPROXY_AUTH_TOKEN: 'x' });
  await command.until('Route added /');
  const { pid } = command.child;
  return {
    port,
    accepted: upstream.accepted,
    descriptors: (): number => readdirSync(`/proc/${pid}/fd`).length,
    /** Bytes that it has read, from whatever. */
    transferred: () => Number(/rchar: (\d+)/.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1]),
  };
}

function seenByProxy({ localPort, remotePort, localAddress }: Socket): Ends {
  return { localPort: remotePort, remotePort: localPort, remoteAddress: localAddress };
}

function within(milliseconds: number, isSo: () => Promise<boolean>): Promise<boolean> {
  return vi.waitUntil(isSo, { timeout: milliseconds, interval: 5 }).catch(() => false);
}

async function begun(socket: Socket, ask: string): Promise<void> {
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  if (ask !== '') await new Promise((resolve) => socket.write(ask, resolve));
}

async function answered(socket: Socket, ask: string, sign: string): Promise<void> {
  await begun(socket, ask);
  let received = '';
  while (!received.includes(sign)) received += String((await once(socket, 'data'))[0]);
}

async function answers(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/_chp_healthz`).then(
    (answer) => answer.ok,
    () => false,
  );
}
