// WebSockets side by side: CPU time per message through 32 open sockets, and the memory of 1,500 idle ones.
// Load and upstream live in this process, on their own processor if taskset is installed; proxies do
// not parse frames, so plain bytes are sent after the handshake.
//   [BENCH_SECONDS=3] [BENCH_ROUNDS=3] [BENCH_BYTES=64] [BENCH_SUBJECTS=a,b] node bench/run.mjs proxy-sockets
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { cpuSeconds, residentMegabytes } from './process-use.ts';
import { pingPong } from './proxy/ping-pong.ts';
import { has, type Subject, startSubject } from './proxy/subjects.ts';
import { median, percentile, report } from './report.ts';

const seconds = Number(process.env.BENCH_SECONDS ?? 3);
const rounds = Number(process.env.BENCH_ROUNDS ?? 3);
const subjects = process.env.BENCH_SUBJECTS ?? 'configurable-http-proxy,relay,http-proxy,nginx';
const talking = 32;
const idle = 1500;
const messageBytes = Number(process.env.BENCH_BYTES ?? 64);

interface Measured {
  readonly subject: string;
  readonly perSecond: number;
  readonly cpuMicroseconds: number;
  readonly p50: number;
  readonly p99: number;
  readonly kilobytesPerSocket: number;
}

if (has('taskset')) execFileSync('taskset', ['-apc', '1', `${process.pid}`], { stdio: 'ignore' });
const upstream = createServer((_req, res) => res.end('ok'));
upstream.on('upgrade', (_req, socket: Socket) => {
  socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  socket.on('error', () => socket.destroy());
  // node:http's sockets stay half open otherwise, and the next proxies find no descriptors left.
  socket.on('end', () => socket.end());
  socket.on('data', (chunk) => socket.write(chunk));
});
upstream.listen(0, '127.0.0.1');
await once(upstream, 'listening');
const results: Measured[] = [];
try {
  for (let round = 0; round < rounds; round++) {
    for (const name of subjects.split(',')) {
      const subject = await startSubject(name, (upstream.address() as AddressInfo).port);
      if (subject === undefined) continue;
      try {
        results.push(await measure(subject));
      } finally {
        await subject.stop();
      }
    }
  }
} finally {
  upstream.close();
  upstream.closeAllConnections();
}
const rows = [...new Set(results.map((one) => one.subject))].map((subject) => {
  const same = results.filter((one) => one.subject === subject);
  const of = (pick: (one: Measured) => number) => median(same.map(pick));
  return {
    proxy: subject,
    'messages/s': Math.round(of((one) => one.perSecond)),
    'CPU us/message': of((one) => one.cpuMicroseconds),
    'p50 ms': of((one) => one.p50),
    'p99 ms': of((one) => one.p99),
    'KB/idle socket pair': of((one) => one.kilobytesPerSocket),
  };
});
report('proxy-sockets', rows, { seconds, rounds, talking, idle, bytes: messageBytes });

async function measure(subject: Subject): Promise<Measured> {
  const sockets = await open(subject.port, talking);
  await pingPong(sockets, 0.5, messageBytes);
  const memory = residentMegabytes(subject.pids());
  const quiet: Socket[] = [];
  while (quiet.length < idle) quiet.push(...(await open(subject.port, 50)));
  const kilobytesPerSocket = ((residentMegabytes(subject.pids()) - memory) * 1024) / idle;
  for (const socket of quiet) socket.destroy();
  await pingPong(sockets, 1, messageBytes);
  const before = cpuSeconds(subject.pids());
  const times = await pingPong(sockets, seconds, messageBytes);
  const used = cpuSeconds(subject.pids()) - before;
  for (const socket of sockets) socket.destroy();
  return {
    subject: subject.name,
    perSecond: times.length / seconds,
    cpuMicroseconds: (used / Math.max(1, times.length)) * 1e6,
    p50: percentile(times, 50),
    p99: percentile(times, 99),
    kilobytesPerSocket,
  };
}

function open(port: number, count: number): Promise<Socket[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      socket.write(
        'GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n',
      );
      let head = '';
      while (!head.includes('\r\n\r\n')) head += String((await once(socket, 'data'))[0]);
      if (!head.startsWith('HTTP/1.1 101')) throw new Error(`no WebSocket: ${head}`);
      socket.on('error', () => undefined);
      return socket;
    }),
  );
}
