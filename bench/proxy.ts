// Side by side: configurable-http-proxy, ours, nginx and no proxy at all, under the same load by wrk. The
// proxy has one processor to itself, the load and the upstream share another, so requests per second are
// capped by the harness; CPU time per request is the reliable figure.
// A case is SIZE-CONNECTIONS, and -tls or -10000routes if wanted: small-32-tls, small-32-10000routes.
//   [BENCH_SECONDS=4] [BENCH_ROUNDS=3] [BENCH_SUBJECTS=a,b] [BENCH_CASES=small-32,64k-32] node bench/run.mjs proxy
import { execFileSync } from 'node:child_process';
import { cpuSeconds, residentMegabytes } from './process-use.ts';
import { startUpstream } from './proxy/start-upstream.ts';
import { has, pinned, type Subject, startSubject } from './proxy/subjects.ts';
import { parseCase } from './proxy/variants.ts';
import { median, report } from './report.ts';

interface Measured {
  readonly subject: string;
  readonly case: string;
  readonly requestsPerSecond: number;
  readonly cpuMicroseconds: number;
  readonly p50: number;
  readonly p99: number;
  readonly megabytes: number;
  readonly errors: number;
}

const seconds = process.env.BENCH_SECONDS ?? '4';
const rounds = Number(process.env.BENCH_ROUNDS ?? 3);
const subjects = process.env.BENCH_SUBJECTS ?? 'direct,configurable-http-proxy,relay,http-proxy,nginx';
const cases = process.env.BENCH_CASES ?? 'small-1,small-32,small-512,64k-32,1m-8';

if (!has('wrk')) throw new Error('this needs wrk: apt-get install wrk');
const upstream = await startUpstream();
const results: Measured[] = [];
try {
  // Rounds outside, subjects inside: other load on the machine then affects all subjects equally.
  for (let round = 0; round < rounds; round++) {
    for (const name of subjects.split(',')) {
      for (const load of cases.split(',')) {
        const subject = await startSubject(name, upstream.port, parseCase(load).variant);
        if (subject === undefined) continue;
        try {
          results.push(await measure(subject, load));
        } finally {
          await subject.stop();
        }
      }
    }
  }
} finally {
  upstream.stop();
}
report('proxy', summary(results), { seconds, rounds });

async function measure(subject: Subject, load: string): Promise<Measured> {
  const { connections, path, variant } = parseCase(load);
  const url = `${variant.tls === undefined || subject.name === 'direct' ? 'http' : 'https'}://127.0.0.1:${subject.port}${path}`;
  const wrk = (seconds: string): string => {
    const command = pinned(1, ['wrk', '-t1', `-c${connections}`, `-d${seconds}s`, '--latency', url]);
    return execFileSync(command[0] ?? '', command.slice(1), { encoding: 'utf8' });
  };
  wrk('1');
  const before = cpuSeconds(subject.pids());
  const text = wrk(seconds);
  const used = cpuSeconds(subject.pids()) - before;
  const requests = Number(/(\d+) requests in/.exec(text)?.[1] ?? 0);
  const failed = Number(/Non-2xx or 3xx responses: (\d+)/.exec(text)?.[1] ?? 0);
  const socket = [...(/Socket errors: .*/.exec(text)?.[0] ?? '').matchAll(/\d+/g)];
  return {
    subject: subject.name,
    case: load,
    requestsPerSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(text)?.[1] ?? 0),
    cpuMicroseconds: (used / Math.max(1, requests)) * 1e6,
    p50: milliseconds(/50%\s+(\S+)/.exec(text)?.[1]),
    p99: milliseconds(/99%\s+(\S+)/.exec(text)?.[1]),
    megabytes: residentMegabytes(subject.pids()),
    errors: failed + socket.reduce((sum, [count]) => sum + Number(count), 0),
  };
}

function milliseconds(text: string | undefined): number {
  const [, value, unit] = /^([\d.]+)(us|ms|s)$/.exec(text ?? '') ?? [];
  return Number(value ?? 0) * ({ us: 0.001, ms: 1, s: 1000 }[unit ?? 'ms'] ?? 1);
}

/** One row per case and proxy: the median of the rounds. */
function summary(all: readonly Measured[]): Record<string, string | number>[] {
  const cpu = (load: string, name: string): number =>
    median(all.filter((one) => one.case === load && one.subject === name).map((one) => one.cpuMicroseconds));
  return cases.split(',').flatMap((load) =>
    [...new Set(all.filter((one) => one.case === load).map((one) => one.subject))].map((subject) => {
      const same = all.filter((one) => one.case === load && one.subject === subject);
      const of = (pick: (one: Measured) => number) => median(same.map(pick));
      const own = cpu(load, subject);
      const chp = cpu(load, 'configurable-http-proxy');
      return {
        case: load,
        proxy: subject,
        'requests/s': Math.round(of((one) => one.requestsPerSecond)),
        'CPU us/request': Math.round(own),
        'x less CPU than CHP': own > 0 && chp > 0 ? (chp / own).toFixed(1) : '-',
        'p50 ms': of((one) => one.p50),
        'p99 ms': of((one) => one.p99),
        MB: Math.round(of((one) => one.megabytes)),
        errors: same.reduce((sum, one) => sum + one.errors, 0),
      };
    }),
  );
}
