// Large answers on many connections at once: no byte of one may get into another, however slowly the clients
// read. (The memory they are read into is used again and again.)
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { forEachEngine, startedProxy } from '../support/started-proxy.ts';
import { rawUpstream } from '../support/upstream.ts';

const size = 2 * 1024 * 1024;
const plain = 'Connection: close';
const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket';

/** How an answer is delimited: what is asked, the answer's head, and its body as it is sent. */
const framings: [string, string, string, (bytes: Buffer) => Buffer][] = [
  ['a length', `1.1\r\n${plain}`, `200 OK\r\nContent-Length: ${size}`, (bytes) => bytes],
  // A client of HTTP/1.0 gets it without the chunks.
  ['chunks', `1.0\r\n${plain}`, '200 OK\r\nTransfer-Encoding: chunked', chunked],
  ['the end of the connection', `1.0\r\n${plain}`, '200 OK\r\nConnection: close', (bytes) => bytes],
  ['nothing, on a WebSocket', `1.1\r\n${upgrade}`, `101 Switching Protocols\r\n${upgrade}`, (bytes) => bytes],
];

forEachEngine(() => {
  test.each(framings)(
    'answers that are delimited by %s arrive as they were sent',
    async (_, ask, head, framed) => {
      const upstream = await rawUpstream((socket, received) => {
        const seed = /.*GET \/(\d+) .*\r\n\r\n$/s.exec(received)?.[1];
        if (seed === undefined) return;
        socket.write(`HTTP/1.1 ${head}\r\n\r\n`);
        socket.write(framed(body(Number(seed))));
        if (head.includes('close')) socket.end();
      });
      const proxy = await startedProxy(['--default-target', upstream.url]);
      const seeds = Array.from({ length: 8 }, (_, at) => at + 1);
      const answers = await Promise.all(seeds.map((seed) => answer(proxy.port, seed, ask, seed % 2 === 0)));
      for (const [at, seed] of seeds.entries()) expect(answers[at]?.equals(body(seed))).toBe(true);
    },
  );
});

test('an answer in tiny chunks arrives whole, without a warning', async () => {
  const warnings: string[] = [];
  const onWarning = (warning: Error): number => warnings.push(warning.name);
  process.on('warning', onWarning);
  onTestFinished(() => void process.off('warning', onWarning));
  const chunks = 100_000;
  const upstream = await rawUpstream((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
    socket.write(`${'1\r\nx\r\n'.repeat(chunks)}0\r\n\r\n`);
  });
  const proxy = await startedProxy(['--default-target', upstream.url]);
  expect(await (await fetch(proxy.url)).text()).toBe('x'.repeat(chunks));
  expect(warnings).toEqual([]);
});

/** A body that tells its own seed everywhere. */
function body(seed: number): Buffer {
  const words = Uint32Array.from({ length: size / 4 }, (_, at) => seed * 2 ** 24 + at);
  return Buffer.from(words.buffer);
}

/** Uneven pieces, small and large, each a chunk. */
function chunked(bytes: Buffer): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0, length = 1; at < bytes.length; at += length, length = ((length * 7) % 150_001) + 1) {
    const piece = bytes.subarray(at, at + length);
    pieces.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'));
  }
  return Buffer.concat([...pieces, Buffer.from('0\r\n\r\n')]);
}

/** The body that a client gets; a slow one leaves bytes lying for a turn after each piece. */
async function answer(port: number, seed: number, ask: string, slow: boolean): Promise<Buffer> {
  const socket = connect(port, '127.0.0.1');
  socket.write(`GET /${seed} HTTP/${ask}\r\nHost: h\r\n\r\n`);
  let received = Buffer.alloc(0);
  const pieces: Buffer[] = [];
  let count = 0;
  socket.on('data', (piece: Buffer) => {
    pieces.push(piece);
    count += piece.length;
    if (slow) {
      socket.pause();
      setImmediate(() => socket.resume());
    }
    if (count < size) return;
    received = Buffer.concat(pieces);
    received = received.subarray(received.indexOf('\r\n\r\n') + 4);
    if (received.length >= size) socket.destroy();
  });
  await once(socket, 'close');
  return received;
}
