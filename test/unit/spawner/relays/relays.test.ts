// Relays on demand: when one is made, shared, kept and ended. The relays here are listeners without a sandbox; real ones:
// test/integration/portwrap/relay.test.ts, test/hub/port-links.test.ts.
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { PortwrapError } from '../../../../config/errors.ts';
import { createLogger } from '../../../../config/logger.ts';
import type { SandboxRecord } from '../../../../portwrap/index.ts';
import { createRelays, type Relays, type RelaysInput } from '../../../../spawner/relays/relays.ts';

const parent = mkdtempSync(join(tmpdir(), 'pw-relays-'));
const directory = join(parent, 'relays');
afterAll(() => rmSync(parent, { recursive: true }));
const opened: Relays[] = [];
afterEach(async () => {
  for (const relays of opened.splice(0)) await relays.close();
  rmSync(directory, { recursive: true, force: true });
});

function scene({ idleTimeout = 60_000, ...more }: Partial<RelaysInput> = {}) {
  const started: { port: number; server: Server; end: () => Promise<void> }[] = [];
  let ended = 0;
  const start: RelaysInput['start'] = async ({ port, directory: place }) => {
    mkdirSync(place);
    const carried: Socket[] = [];
    const server = createServer(
      (socket) => void carried.push(socket.on('error', () => {}).end(String(port))),
    );
    const path = join(place, 'socket');
    await once(server.listen(path), 'listening');
    const gone = once(server, 'close').then(() => {
      ended += 1;
    });
    const end = () => {
      server.close();
      for (const socket of carried) socket.destroy();
      return gone;
    };
    started.push({ port, server, end });
    return { path, gone, close: end };
  };
  const openPorts = async () => Array.from({ length: 40 }, (_, index) => 9000 + index);
  const log = createLogger('silent', 'test');
  const relays = createRelays({ directory, start, openPorts, idleTimeout, log, ...more });
  opened.push(relays);
  return { relays, started, ended: () => ended };
}

const record = (id = 'a', startTime = 1) => ({
  id,
  sandbox: { child: { pid: 1, startTime } } as SandboxRecord,
});

/** Reads to the end. */
async function read(relays: Relays, port: number, of = record()): Promise<string> {
  const socket = await relays.connect(of, port);
  let text = '';
  for await (const part of socket.setEncoding('utf8')) text += part;
  socket.destroy();
  await once(socket, 'close').catch(() => {});
  return text;
}

test('the first connection to a port starts its relay, and further ones share it', async () => {
  const { relays, started } = scene();
  expect(started).toEqual([]);
  const all = await Promise.all([9000, 9000, 9001].map((port) => read(relays, port)));
  expect(all).toEqual(['9000', '9000', '9001']);
  expect(await read(relays, 9000)).toBe('9000');
  expect(started.map(({ port }) => port)).toEqual([9000, 9001]);
});

test('servers do not share relays, nor does a server that was started again', async () => {
  const { relays, started } = scene();
  for (const of of [record('a'), record('b'), record('a', 2)]) await read(relays, 9000, of);
  expect(started.length).toBe(3);
});

test('a relay ends when it is idle, and not while a connection is open', async () => {
  const { relays, ended, started } = scene({ idleTimeout: 20 });
  const held = await relays.connect(record(), 9000);
  await read(relays, 9001);
  await vi.waitUntil(() => ended() === 1, { timeout: 10_000 });
  expect(started[0]?.server.listening).toBe(true);
  held.destroy();
  await vi.waitUntil(() => ended() === 2, { timeout: 10_000 });
});

test('a relay that has served nothing but a question ends with it, others do not', async () => {
  const { relays, ended, started } = scene();
  const question = await relays.connect(record(), 9000, 'question');
  await read(relays, 9001);
  const another = await relays.connect(record(), 9001, 'question');
  for (const socket of [question, another]) socket.destroy();
  await vi.waitUntil(() => ended() === 1, { timeout: 10_000 });
  expect(await read(relays, 9001)).toBe('9001');
  expect(started.map(({ port }) => port)).toEqual([9000, 9001]);
});

test('a relay that has ended by itself is replaced', async () => {
  const { relays, started } = scene();
  await read(relays, 9000);
  await started[0]?.end();
  expect(await read(relays, 9000)).toBe('9000');
  expect(started.length).toBe(2);
});

test('there is none to a port on which nothing listens, nor into a server that does not run here', async () => {
  const { relays, started } = scene();
  await expect(relays.connect(record(), 8999)).rejects.toMatchObject({ code: 'PORT_UNANSWERED' });
  await expect(relays.connect({ id: 'a', sandbox: null }, 9000)).rejects.toMatchObject({
    code: 'FORWARD_FAILED',
  });
  expect(started).toEqual([]);
});

test('a failed start is told, and tried again by the next connection', async () => {
  let tries = 0;
  const { relays } = scene({
    start: async () => {
      tries += 1;
      throw new PortwrapError('TOOL_MISSING', 'no program');
    },
  });
  for (const expected of [1, 2]) {
    await expect(relays.connect(record(), 9000)).rejects.toThrow('no program');
    expect(tries).toBe(expected);
  }
});

test('a server has 16 at most: an idle one makes room, and one in use is not taken', async () => {
  const { relays, started, ended } = scene();
  const held: Socket[] = [];
  for (let port = 9000; port < 9015; port += 1) held.push(await relays.connect(record(), port));
  await read(relays, 9015);
  // the end of the connection is noticed a moment later
  const connected = () =>
    relays.connect(record(), 9016).then(
      (socket) => held.push(socket),
      () => 0,
    );
  await vi.waitUntil(connected, { timeout: 10_000 });
  await vi.waitUntil(() => ended() === 1, { timeout: 10_000 });
  expect(started[15]?.server.listening).toBe(false);
  await expect(relays.connect(record(), 9017)).rejects.toMatchObject({ code: 'LIMIT_REACHED' });
  expect(await read(relays, 9017, record('b'))).toBe('9017');
  for (const socket of held) socket.destroy();
});

test('what an earlier service left is removed, and all end together', async () => {
  mkdirSync(join(directory, 'left'), { recursive: true });
  writeFileSync(join(directory, 'left/log'), '');
  const { relays, started } = scene();
  expect(existsSync(join(directory, 'left'))).toBe(false);
  await read(relays, 9000);
  await relays.close();
  expect(started.map(({ server }) => server.listening)).toEqual([false]);
  await expect(relays.connect(record(), 9000)).rejects.toMatchObject({ code: 'FORWARD_FAILED' });
});
