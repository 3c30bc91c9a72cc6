// CPU time of a request over HTTP/1.1 and HTTP/2, both over TLS, through our proxy and nginx, by h2load. The number of
// requests is fixed, so on a busy machine the run takes longer and the CPU time per request stays comparable.
//   [BENCH_REQUESTS=20000] [BENCH_ROUNDS=3] [BENCH_SUBJECTS=relay,nginx] node bench/run.mjs proxy-http2
import { execFileSync } from 'node:child_process';
import { loadavg } from 'node:os';
import { cpuSeconds } from './process-use.ts';
import { startUpstream } from './proxy/start-upstream.ts';
import { has, type Subject, startSubject } from './proxy/subjects.ts';
import { parseCase } from './proxy/variants.ts';
import { median, report } from './report.ts';

const requests = Number(process.env.BENCH_REQUESTS ?? 20_000);
const rounds = Number(process.env.BENCH_ROUNDS ?? 3);
const subjects = (process.env.BENCH_SUBJECTS ?? 'relay,nginx').split(',');
/** 32 requests at a time, as the case small-32 of bench/proxy.ts. */
const loads = {
  'HTTP/1.1, 32 connections': ['--h1', '-c', '32'],
  'HTTP/2, 32 connections': ['-c', '32'],
  'HTTP/2, 2 connections of 16 streams': ['-c', '2', '-m', '16'],
};

if (!has('h2load')) throw new Error('this needs h2load: apt-get install nghttp2-client');
const microseconds = new Map<string, number[]>();
const upstream = await startUpstream();
try {
  for (let round = 0; round < rounds; round++) {
    for (const name of subjects) {
      const variant = { ...parseCase('small-32-tls').variant, http2: true };
      const subject = await startSubject(name, upstream.port, variant);
      if (subject === undefined) continue;
      try {
        for (const [load, options] of Object.entries(loads)) {
          run(subject, options, Math.ceil(requests / 10));
          const before = cpuSeconds(subject.pids());
          run(subject, options, requests);
          const each = ((cpuSeconds(subject.pids()) - before) / requests) * 1e6;
          const key = `${load}; ${name}`;
          microseconds.set(key, [...(microseconds.get(key) ?? []), each]);
        }
      } finally {
        await subject.stop();
      }
    }
  }
} finally {
  upstream.stop();
}

function run({ name, port }: Subject, options: readonly string[], count: number): void {
  const url = `https://127.0.0.1:${port}/small`;
  const text = execFileSync('h2load', ['-n', `${count}`, ...options, url], { encoding: 'utf8' });
  if (!text.includes(` ${count} succeeded`)) throw new Error(`${name}: not all requests succeeded\n${text}`);
}

const rows = Object.keys(loads).flatMap((load) =>
  subjects.flatMap((name) => {
    const each = microseconds.get(`${load}; ${name}`);
    return each === undefined ? [] : [{ load, proxy: name, 'CPU us/request': median(each) }];
  }),
);
report('proxy-http2', rows, { requests, rounds, 'load average': loadavg()[0] ?? 0 });
