// Hours of mixed load on the proxy, with its memory and descriptors over time: requests, uploads, large
// responses, WebSockets, and clients that disconnect in the middle of each. In a long run the last rows
// should look like the first.
//   node bench/run.mjs soak --minutes 120        [BENCH_SUBJECTS=relay] [BENCH_RATE=100]
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { cpuSeconds, residentMegabytes } from './process-use.ts';
import { type Subject, startSubject } from './proxy/subjects.ts';
import { report } from './report.ts';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } });
const minutes = Number(values.minutes);
const name = process.env.BENCH_SUBJECTS ?? 'relay';
/** Exchanges started per second. */
const rate = Number(process.env.BENCH_RATE ?? 100);
const large = Buffer.alloc(1024 * 1024, 'x');
const handshake = 'GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

const upstream = createServer((req, res) => {
  req.resume();
  if (req.url === '/silent') return;
  if (req.url === '/large') res.end(large);
  else req.on('end', () => res.end('{"ok":true}'));
});
upstream.on('upgrade', (_req, socket: Socket) => {
  socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => socket.write(chunk));
  socket.on('end', () => socket.end());
});
upstream.listen(0, '127.0.0.1');
await once(upstream, 'listening');
const started = await startSubject(name, (upstream.address() as AddressInfo).port);
if (started === undefined) throw new Error(`${name} is not there`);
const subject: Subject = started;

let done = 0;
let failed = 0;
/** Each has the data to expect, and how the client then closes: end or reset. */
const kinds: (() => Promise<void>)[] = [
  () => talk('GET /small HTTP/1.1\r\nHost: h\r\n\r\n', '{"ok":true}', (socket) => socket.end()),
  () => talk('GET /small HTTP/1.1\r\nHost: h\r\n\r\n', '{"ok":true}', (socket) => socket.end()),
  () => talk('GET /large HTTP/1.1\r\nHost: h\r\n\r\n', large.length, (socket) => socket.end()),
  () => talk(upload(100_000), '{"ok":true}', (socket) => socket.end()),
  () => talk(`${handshake}hello`, 'hello', (socket) => socket.end()),
  () => talk(`${handshake}hello`, 'hello', (socket) => socket.resetAndDestroy()),
  () => talk('GET /large HTTP/1.1\r\nHost: h\r\n\r\n', 1, (socket) => socket.resetAndDestroy()),
  () => talk(upload(100_000).slice(0, 50_000), 0, (socket) => socket.resetAndDestroy()),
  () => talk('GET /silent HTTP/1.1\r\nHost: h\r\n\r\n', 0, (socket) => socket.end()),
  () => talk('GET /sma', 0, (socket) => socket.resetAndDestroy()),
];

const rows: Record<string, string | number>[] = [];
try {
  await load(30); // one-time allocations are done
  await note('start');
  const steps = 20;
  for (let step = 1; step <= steps; step++) {
    await load((minutes * 60) / steps);
    await note(((minutes * step) / steps).toFixed(1));
  }
  // Idle connections to targets are kept for 55 s.
  await pause(60_000);
  await note('at rest');
} finally {
  await subject.stop();
  upstream.close();
  upstream.closeAllConnections();
}
report(`soak-${name}`, rows, { minutes, rate });

async function load(seconds: number): Promise<void> {
  const end = performance.now() + seconds * 1000;
  const begun = new Set<Promise<void>>();
  for (let at = 0; performance.now() < end; at++) {
    const one = kinds[at % kinds.length]?.().then(
      () => void done++,
      () => void failed++,
    );
    if (one !== undefined) begun.add(one.then(() => void begun.delete(one)));
    await pause(1000 / rate);
  }
  await Promise.all(begun);
}

async function note(minute: string): Promise<void> {
  const pids = subject.pids();
  const row = {
    minute,
    'MB resident': residentMegabytes(pids),
    descriptors: pids.reduce((sum, pid) => sum + readdirSync(`/proc/${pid}/fd`).length, 0),
    done,
    failed,
    'CPU s': cpuSeconds(pids),
  };
  console.error(JSON.stringify(row));
  rows.push(row);
}

function upload(length: number): string {
  return `POST /up HTTP/1.1\r\nHost: h\r\nContent-Length: ${length}\r\n\r\n${'x'.repeat(length)}`;
}

/** Sends, waits for a text or a number of bytes, and disconnects. */
async function talk(text: string, expected: string | number, leave: (socket: Socket) => void): Promise<void> {
  const socket = connect({ port: subject.port, host: '127.0.0.1' });
  socket.on('error', () => undefined);
  const closed = once(socket, 'close');
  let received = '';
  let bytes = 0;
  let left = false;
  const look = (): void => {
    if (left || (typeof expected === 'number' ? bytes < expected : !received.endsWith(expected))) return;
    left = true;
    leave(socket);
  };
  socket.on('data', (chunk) => {
    bytes += chunk.length;
    received = (received + chunk.toString('latin1')).slice(-100);
    look();
  });
  socket.write(text, look);
  await closed;
  if (!left) throw new Error('closed early');
}
