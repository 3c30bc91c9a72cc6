// WebSockets over HTTP/1.1 and over HTTP/2, both over TLS, through our proxy: round trips, CPU time of the proxy per message,
// the time to open a hundred of them, the connections of the client and the memory of the proxy. Load and upstream live in
// this process, on their own processor if taskset is installed.
//   [BENCH_SECONDS=3] [BENCH_ROUNDS=3] [BENCH_SOCKETS=100] node bench/run.mjs proxy-http2-sockets
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { loadavg } from 'node:os';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { cpuSeconds, residentMegabytes } from './process-use.ts';
import { startEcho } from './proxy/echo.ts';
import { pingPong } from './proxy/ping-pong.ts';
import { has, type Subject, startSubject } from './proxy/subjects.ts';
import { parseCase } from './proxy/variants.ts';
import { median, percentile, report } from './report.ts';

const seconds = Number(process.env.BENCH_SECONDS ?? 3);
const rounds = Number(process.env.BENCH_ROUNDS ?? 3);
const most = Number(process.env.BENCH_SOCKETS ?? 100);
const versions = ['HTTP/1.1', 'HTTP/2'] as const;
/** Sockets that talk, and bytes of a message. */
const loads: readonly (readonly [number, number])[] = [
  [1, 64],
  [most, 64],
  [most, 16_384],
];

type Version = (typeof versions)[number];

interface Opened {
  readonly sockets: readonly Duplex[];
  readonly connections: number;
  close(): void;
}

interface Measured {
  readonly perSecond: number;
  readonly cpuMicroseconds: number;
  readonly p50: number;
  readonly p99: number;
}

if (has('taskset')) execFileSync('taskset', ['-apc', '1', `${process.pid}`], { stdio: 'ignore' });
const talks = new Map<string, Measured[]>();
const opens = new Map<Version, { milliseconds: number; kilobytes: number; connections: number }[]>();
const upstream = await startEcho();
try {
  for (let round = 0; round < rounds; round++) {
    for (const version of versions) {
      const variant = { ...parseCase('small-1-tls').variant, http2: true, http2WebSockets: true };
      const subject = await startSubject('relay', upstream.port, variant);
      if (subject === undefined) throw new Error('the proxy did not start');
      try {
        await measure(version, subject);
      } finally {
        await subject.stop();
      }
    }
  }
} finally {
  upstream.close();
}

async function measure(version: Version, subject: Subject): Promise<void> {
  const first = await open(version, subject.port, 10);
  await pingPong(first.sockets, 1, 64);
  first.close();
  const memory = residentMegabytes(subject.pids());
  const began = performance.now();
  const opened = await open(version, subject.port, most);
  const milliseconds = performance.now() - began;
  const kilobytes = ((residentMegabytes(subject.pids()) - memory) * 1024) / most;
  const { connections } = opened;
  opens.set(version, [...(opens.get(version) ?? []), { milliseconds, kilobytes, connections }]);
  for (const [count, bytes] of loads) {
    const talking = opened.sockets.slice(0, count);
    await pingPong(talking, 0.5, bytes);
    const before = cpuSeconds(subject.pids());
    const times = await pingPong(talking, seconds, bytes);
    const cpuMicroseconds = ((cpuSeconds(subject.pids()) - before) / Math.max(1, times.length)) * 1e6;
    const [p50, p99] = [percentile(times, 50), percentile(times, 99)];
    const key = [version, count, bytes].join();
    const measured = { perSecond: times.length / seconds, cpuMicroseconds, p50, p99 };
    talks.set(key, [...(talks.get(key) ?? []), measured]);
  }
  opened.close();
}

async function open(version: Version, port: number, count: number): Promise<Opened> {
  if (version === 'HTTP/2') return openOverHttp2(port, count);
  const sockets = await Promise.all(Array.from({ length: count }, () => openOverHttp1(port)));
  return {
    sockets,
    connections: count,
    close: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}

async function openOverHttp1(port: number): Promise<Duplex> {
  const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
  socket.setNoDelay(true);
  socket.on('error', () => undefined);
  socket.write(
    'GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n',
  );
  let head = '';
  while (!head.includes('\r\n\r\n')) head += String((await once(socket, 'data'))[0]);
  if (!head.startsWith('HTTP/1.1 101')) throw new Error(`no WebSocket: ${head}`);
  return socket;
}

/** All on one connection, with the windows of Chromium. */
async function openOverHttp2(port: number, count: number): Promise<Opened> {
  const settings = { initialWindowSize: 6 * 1024 * 1024 };
  const session = connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false, settings });
  session.on('error', () => undefined);
  await once(session, 'remoteSettings');
  session.setLocalWindowSize(15 * 1024 * 1024);
  const asked = {
    ...{ ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/ws' },
    'sec-websocket-version': '13',
  };
  const sockets = await Promise.all(
    Array.from({ length: count }, async () => {
      const stream = session.request(asked, { endStream: false });
      stream.on('error', () => undefined);
      const [headers] = await once(stream, 'response');
      if (headers[':status'] !== 200) throw new Error(`no WebSocket: ${headers[':status']}`);
      return stream;
    }),
  );
  return { sockets, connections: 1, close: () => session.destroy() };
}

const rows = loads.flatMap(([count, bytes]) =>
  versions.map((version) => {
    const of = (pick: (one: Measured) => number, over: Version = version) =>
      median((talks.get([over, count, bytes].join()) ?? []).map(pick));
    const cpu = (one: Measured): number => one.cpuMicroseconds;
    return {
      sockets: count,
      bytes,
      version,
      'messages/s': Math.round(of((one) => one.perSecond)),
      'p50 ms': of((one) => one.p50),
      'p99 ms': of((one) => one.p99),
      'CPU us/message': of(cpu),
      'x HTTP/1.1': of(cpu) / of(cpu, 'HTTP/1.1'),
    };
  }),
);
report('proxy-http2-sockets', rows, {
  ...{ seconds, rounds, 'load average': loadavg()[0] ?? 0 },
  ...Object.fromEntries(
    versions.flatMap((version) => {
      const all = opens.get(version) ?? [];
      return [
        [`${version}: connections for ${most}`, all[0]?.connections ?? 0],
        [`${version}: ms to open ${most}`, median(all.map((one) => one.milliseconds))],
        [`${version}: KB of the proxy for each`, median(all.map((one) => one.kilobytes))],
      ];
    }),
  ),
});
