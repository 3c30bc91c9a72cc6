// Who gets the CPUs when one user has ten busy processes and another one has one: bare processes, servers as they are, and
// with cpu_weight. Run: node bench/run.mjs shares. SECONDS=10 for each row. Needs root and a build (npm run build).
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createClient } from '../spawner/http/client.ts';
import { report } from './report.ts';
import { type BenchService, serve } from './service.ts';

const seconds = Number(process.env.SECONDS ?? 10);
const directory = mkdtempSync(join(tmpdir(), 'bench-shares-'));
chmodSync(directory, 0o711); // homes below it must be reachable for their owners
const config = join(directory, 'config.yaml');
const token = 'bench-token-0123456789';
/** Busy processes, and a server that answers. */
const busy = (processes: number) =>
  `for i in $(seq ${processes}); do while :; do :; done & done; exec /usr/bin/python3 -I -m http.server 8888`;

const service = await startService();
const client = createClient(new URL(service.url), token);
let starts = 0;
const rows = [
  await bare(),
  await servers('a server each', 'plain', 'plain-one'),
  await servers('cpu_weight 300 for the one', 'plain', 'preferred-one'),
  await servers('nice 10 for the ten (no effect between servers)', 'nice', 'plain-one'),
];
service.child.kill('SIGTERM');
await once(service.child, 'exit');
rmSync(directory, { recursive: true });
report('shares', rows, { seconds, cpus: availableParallelism() });

interface Row extends Record<string, string | number> {
  readonly what: string;
  /** Part of the CPU time of both. */
  readonly 'ten processes, %': number;
  readonly 'one process, %': number;
}

/** The same without control groups: the kernel shares among processes. */
async function bare(): Promise<Row> {
  const start = () => spawn('sh', ['-c', 'while :; do :; done'], { stdio: 'ignore' });
  const [one, ...ten] = Array.from({ length: 11 }, start);
  await pause(seconds * 1000);
  const used = (children: readonly (ChildProcess | undefined)[]) =>
    children.reduce((sum, child) => sum + ticksOf(child?.pid), 0);
  const row = rowOf('eleven processes without control groups', used(ten), used([one]));
  for (const child of [one, ...ten]) child?.kill('SIGKILL');
  return row;
}

async function servers(what: string, many: string, single: string): Promise<Row> {
  await Promise.all([start('many', many), start('single', single)]);
  const [before, beforeSingle] = [await cpuOf('many'), await cpuOf('single')];
  await pause(seconds * 1000);
  const row = rowOf(what, (await cpuOf('many')) - before, (await cpuOf('single')) - beforeSingle);
  await Promise.all(['many', 'single'].map((user) => client.stop({ user, name: '' }, true)));
  return row;
}

function rowOf(what: string, ten: number, one: number): Row {
  const part = (cpu: number) => Math.round((100 * cpu) / (ten + one));
  return { what, 'ten processes, %': part(ten), 'one process, %': part(one) };
}

async function start(user: string, profile: string): Promise<void> {
  await client.start({ user, name: '' }, { spawn_id: `bench-${user}-${starts++}`, profile });
  for await (const event of client.progress({ user, name: '' })) {
    if (event.failed) throw new Error(event.message);
  }
}

/** Seconds of CPU. */
async function cpuOf(user: string): Promise<number> {
  const found = (await client.servers()).find((server) => server.user === user);
  return found?.usage?.cpu ?? Number.NaN;
}

/** utime of proc_pid_stat(5). */
function ticksOf(pid: number | undefined): number {
  const [, fields = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
  return Number(fields.split(' ')[11]);
}

async function startService(): Promise<BenchService> {
  const profile = (name: string, processes: number, resources: string) =>
    `  - {name: ${name}, ready_timeout: 300, command: ${JSON.stringify(['bash', '-c', busy(processes)])}, resources: ${resources}}`;
  writeFileSync(
    config,
    `
service: {listen: "127.0.0.1:0", state_dir: ${directory}/state}
hubs: [{name: hub, token_env: BENCH_TOKEN}]
accounts: {mode: dynamic, home: "${directory}/homes/{username}"}
profiles:
${profile('plain', 10, '{}')}
${profile('nice', 10, '{nice: 10}')}
${profile('plain-one', 1, '{}')}
${profile('preferred-one', 1, '{cpu_weight: 300}')}
`,
  );
  return serve(config, token);
}
