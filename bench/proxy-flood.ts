// A flood of HTTP/2 resets, and somebody else's requests meanwhile: how long they take, and the memory of the proxy. The
// flooding clients send requests and their resets as fast as they are taken, and connect again when they are cut off.
//   [BENCH_SECONDS=10] [BENCH_CLIENTS=4] [BENCH_SUBJECTS=relay,nginx] node bench/run.mjs proxy-flood
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { residentMegabytes } from './process-use.ts';
import { startUpstream } from './proxy/start-upstream.ts';
import { type Subject, startSubject } from './proxy/subjects.ts';
import { parseCase } from './proxy/variants.ts';
import { percentile, report } from './report.ts';

const seconds = Number(process.env.BENCH_SECONDS ?? 10);
const clients = Number(process.env.BENCH_CLIENTS ?? 4);
const subjects = (process.env.BENCH_SUBJECTS ?? 'relay,nginx').split(',');
/** Milliseconds between two requests of the bystander. */
const interval = 20;

interface Seen {
  readonly times: readonly number[];
  readonly failed: number;
  /** The most that was seen. */
  readonly megabytes: number;
}

const rows: Record<string, string | number>[] = [];
const upstream = await startUpstream();
try {
  for (const name of subjects) {
    const variant = { ...parseCase('small-1-tls').variant, http2: true };
    const subject = await startSubject(name, upstream.port, variant);
    if (subject === undefined) continue;
    try {
      rows.push(row(name, 'none', await bystander(subject)));
      const flood = startFlood(subject.port);
      try {
        rows.push(row(name, `${clients} clients`, await bystander(subject)));
      } finally {
        flood.kill('SIGKILL');
        await once(flood, 'exit');
      }
    } finally {
      await subject.stop();
    }
  }
} finally {
  upstream.stop();
}
report('proxy-flood', rows, { seconds, 'load average': loadavg()[0] ?? Number.NaN });

function startFlood(port: number): ChildProcess {
  const program = join(import.meta.dirname, 'proxy/flood.js');
  return spawn(process.execPath, [program, `${port}`, `${clients}`], { stdio: 'inherit' });
}

async function bystander(subject: Subject): Promise<Seen> {
  const times: number[] = [];
  let failed = 0;
  let megabytes = 0;
  let session = open(subject.port);
  const requests: Promise<void>[] = [];
  for (const until = performance.now() + seconds * 1000; performance.now() < until; await pause(interval)) {
    if (session.destroyed || session.closed) session = open(subject.port);
    const began = performance.now();
    const done = () => void times.push(performance.now() - began);
    const fault = () => {
      failed += 1;
    };
    requests.push(answered(session).then(done, fault));
    megabytes = Math.max(megabytes, residentMegabytes(subject.pids()));
  }
  await Promise.all(requests);
  session.destroy();
  return { times, failed, megabytes };
}

function open(port: number): ClientHttp2Session {
  const session = connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
  session.on('error', () => undefined);
  return session;
}

async function answered(session: ClientHttp2Session): Promise<void> {
  const stream = session.request({ ':path': '/small' });
  stream.resume();
  await once(stream, 'end');
}

function row(proxy: string, flood: string, { times, failed, megabytes }: Seen) {
  return {
    ...{ proxy, flood, requests: times.length, failed },
    'p50 ms': percentile(times, 50),
    'p99 ms': percentile(times, 99),
    'slowest ms': percentile(times, 100),
    'memory MB': Math.round(megabytes),
  };
}
