// The cost of a forwarder: throughput, small requests, new connections, a burst of connections, and memory, each
// through slirp4netns and pasta compared with a direct connection over loopback, in alternating rounds.
// Run: node bench/run.mjs forwarders
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  cgroupSurroundings,
  createNetwork,
  createToolbox,
  fileView,
  findCgroupWay,
  forwarderNames,
  launch,
  lookAs,
  noLimits,
  openCgroups,
  ordinaryFamilies,
  ownAddresses,
  type Sandbox,
} from '../portwrap/index.ts';
import { median, percentile, report } from './report.ts';

const rounds = Number(process.env.ROUNDS ?? 3);
const megabytes = Number(process.env.MEGABYTES ?? 256);
const burst = 100;
/** A connection of the burst without a response by then counts as lost. */
const patience = 5_000;

const asRoot = process.getuid?.() === 0;
const account = asRoot
  ? { name: 'nobody', uid: 65_534, gid: 65_534, home: '/', shell: '/bin/sh', listed: false }
  : null;
const tools = createToolbox(process.env.PATH);
const directory = mkdtempSync(join(tmpdir(), 'bench-'));
const log = openSync(join(directory, 'log'), 'a');

/** Responds to /N with N bytes. */
const server = `
const block = Buffer.alloc(1 << 20);
require('node:http').createServer((request, response) => {
  let left = Number(request.url.slice(1));
  response.setHeader('content-length', left);
  const send = () => {
    while (left > 0) {
      const part = block.subarray(0, Math.min(left, block.length));
      left -= part.length;
      if (!response.write(part)) return response.once('drain', send);
    }
    response.end();
  };
  send();
}).listen(Number(process.argv[1]), '0.0.0.0', 1024);
`;

interface Subject {
  readonly name: string;
  readonly port: number;
  /** MB that only this forwarder's processes have; 0 for none. */
  readonly memory: () => number;
  readonly close: () => Promise<unknown>;
}

async function direct(): Promise<Subject> {
  const port = 10_900;
  const child: ChildProcess = spawn(process.execPath, ['-e', server, String(port)], { stdio: 'ignore' });
  const close = () => {
    child.kill('SIGKILL');
    return once(child, 'exit');
  };
  return { name: 'direct', port, memory: () => 0, close };
}

async function forwarded(name: (typeof forwarderNames)[number], port: number): Promise<Subject> {
  const sandbox: Sandbox = await launch(
    {
      ...{
        tools,
        asRoot,
        hostAddresses: ownAddresses,
        cgroups: openCgroups(findCgroupWay('service', cgroupSurroundings())),
      },
      network: createNetwork({ forwarder: name, uplink: null }, tools, asRoot),
    },
    {
      directory: join(directory, name),
      command: [process.execPath, '-e', server, '8888'],
      environment: { PATH: '/usr/bin:/bin' },
      workingDirectory: '/',
      account,
      files: await fileView({ keep: [], hide: [] }, lookAs(tools, null)),
      socketFamilies: ordinaryFamilies,
      policy: { internet: false, dns: false, hosts: [] },
      limits: noLimits,
      hostAddress: '127.0.0.1',
      hostPorts: [port],
      guestPort: 8888,
      lifetime: 'detached',
      stdio: ['ignore', log, log],
    },
    new AbortController().signal,
  );
  const memory = () => privateMegabytes(sandbox.record.forwarder.pid);
  return { name, port, memory, close: () => sandbox.stop(0) };
}

function privateMegabytes(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const kilobytes = [...rollup.matchAll(/^Private_\w+: +(\d+)/gm)].map((match) => Number(match[1]));
  return kilobytes.reduce((sum, value) => sum + value, 0) / 1024;
}

/** Milliseconds until the whole response of `bytes` bytes was read; rejects if it is incomplete or late. */
function request(port: number, bytes: number, agent: Agent | false, timeout = 60_000): Promise<number> {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const sent = get({ host: '127.0.0.1', port, path: `/${bytes}`, agent }, (response) => {
      response.on('data', () => {});
      response.once('end', () => {
        clearTimeout(timer);
        resolve(performance.now() - began);
      });
      response.once('error', reject);
    });
    const timer = setTimeout(() => sent.destroy(new Error('late')), timeout);
    sent.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
  });
}

async function untilAnswered(port: number): Promise<void> {
  for (;;) {
    const answered = await request(port, 1, false, 1_000).then(
      () => true,
      () => false,
    );
    if (answered) return;
  }
}

/** Small responses per second over 16 persistent connections, opened one by one beforehand. */
async function smallRequests(port: number): Promise<number> {
  const agents = Array.from({ length: 16 }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
  for (const agent of agents) await request(port, 100, agent);
  const count = 2_000;
  let begun = 0;
  const began = performance.now();
  const client = async (agent: Agent) => {
    while (begun < count) {
      begun += 1;
      await request(port, 100, agent);
    }
  };
  await Promise.all(agents.map(client));
  for (const agent of agents) agent.destroy();
  return count / ((performance.now() - began) / 1000);
}

async function newConnections(port: number): Promise<number[]> {
  const times: number[] = [];
  for (let round = 0; round < 50; round += 1) times.push(await request(port, 100, false));
  return times;
}

async function bursts(port: number): Promise<{ answered: number; slowest: number }> {
  const all = Array.from({ length: burst }, () => request(port, 100, false, patience));
  const times = (await Promise.allSettled(all)).flatMap((one) =>
    one.status === 'fulfilled' ? [one.value] : [],
  );
  return { answered: times.length, slowest: Math.max(...times) };
}

const subjects: Subject[] = [await direct()];
try {
  for (const [index, name] of forwarderNames.entries()) subjects.push(await forwarded(name, 10_901 + index));
  const seen = subjects.map((subject) => ({
    subject,
    throughput: [] as number[],
    small: [] as number[],
    fresh: [] as number[],
    answered: [] as number[],
    slowest: [] as number[],
  }));
  for (const { subject } of seen) await untilAnswered(subject.port);
  for (let round = 0; round < rounds; round += 1) {
    for (const { subject, throughput, small, fresh } of seen) {
      throughput.push(megabytes / ((await request(subject.port, megabytes * 1024 * 1024, false)) / 1000));
      small.push(await smallRequests(subject.port));
      fresh.push(...(await newConnections(subject.port)));
    }
  }
  // last, because slirp4netns takes seconds to recover from one
  for (const { subject, answered, slowest } of seen) {
    const outcome = await bursts(subject.port);
    answered.push(outcome.answered);
    slowest.push(outcome.slowest);
  }
  const base = seen[0];
  report(
    'forwarders',
    seen.map(({ subject, throughput, small, fresh, answered, slowest }) => ({
      forwarder: subject.name,
      [`${megabytes} MB, MB/s`]: Math.round(median(throughput)),
      'ratio to direct': median(throughput) / median(base?.throughput ?? []),
      'small requests/s': Math.round(median(small)),
      'ratio to direct ': median(small) / median(base?.small ?? []),
      'new connection + request, median ms': median(fresh),
      'p95 ms': percentile(fresh, 95),
      [`${burst} new at once: answered in ${patience / 1000} s`]: median(answered),
      'slowest of these, ms': Math.round(median(slowest)),
      'own memory, MB': subject.memory(),
    })),
  );
} finally {
  await Promise.all(subjects.map((subject) => subject.close()));
  rmSync(directory, { recursive: true, force: true });
}
process.exit();
