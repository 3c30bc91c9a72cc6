// The cost of the service: time from POST to ready for a minimal HTTP server, one at a time and many at once; with many
// idle servers its memory, its CPU and how long adoption takes after kill -9. Run: node bench/run.mjs spawn
// CONCURRENT=1,50,200 IDLE=300 SECONDS=60 choose other sizes. Needs a build (npm run build).
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createClient } from '../spawner/http/client.ts';
import { median, percentile, report } from './report.ts';
import { type BenchService, serve } from './service.ts';

const batches = (process.env.CONCURRENT ?? '1,50,200').split(',').map(Number);
const idle = Number(process.env.IDLE ?? 300);
const seconds = Number(process.env.SECONDS ?? 60);
const starts = process.env.STARTS ?? '8';

const directory = mkdtempSync(join(tmpdir(), 'bench-spawn-'));
chmodSync(directory, 0o711); // homes below it must be reachable for their owners
const config = join(directory, 'config.yaml');
const token = 'bench-token-0123456789';
// the smallest server that responds: its cost is negligible, so only the service is measured
const payload =
  "import socket,sys;s=socket.create_server(('0.0.0.0',int(sys.argv[1])),backlog=64)\\nwhile 1:\\n c,_=s.accept();c.recv(999);c.send(b'HTTP/1.0 200 OK\\\\r\\\\n\\\\r\\\\n');c.close()";

let service = await startService(0);
writeConfig(Number(new URL(service.url).port));
const client = createClient(new URL(service.url), token);
let serial = 0;

async function startService(port: number | null): Promise<BenchService> {
  if (port !== null) writeConfig(port);
  return serve(config, token);
}

function writeConfig(port: number): void {
  const mode = process.getuid?.() === 0 ? 'dynamic' : 'service';
  writeFileSync(
    config,
    `
service: {listen: "127.0.0.1:${port}", state_dir: ${directory}/state, log_level: info}
hubs: [{name: hub, token_env: BENCH_TOKEN}]
accounts: {mode: ${mode}, home: "${directory}/homes/{username}"}
ports: {range: 21000-22999}
limits: {concurrent_starts: ${starts}}
profiles:
  - name: tiny
    command: [/usr/bin/python3, -I, -S, -u, -c, "${payload}", "{guest-port}"]
    ready_timeout: 300
`,
  );
}

async function startOne(): Promise<{ user: string; milliseconds: number }> {
  const user = `u${serial++}`;
  const began = performance.now();
  await client.start({ user, name: '' }, { spawn_id: `bench-${user}` });
  for await (const event of client.progress({ user, name: '' })) {
    if (event.failed) throw new Error(event.message);
  }
  return { user, milliseconds: performance.now() - began };
}

const stop = (user: string) => client.stop({ user, name: '' }, true);
const memory = () =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${service.child.pid}/status`, 'utf8'))?.[1]) / 1024;
const cpuTicks = () => {
  const fields = readFileSync(`/proc/${service.child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]); // utime and stime, in 1/100 s
};

const rows: Record<string, string | number>[] = [];
await stop((await startOne()).user);
for (const size of batches) {
  const rounds = size === 1 ? 20 : 1;
  const times: number[] = [];
  const began = performance.now();
  for (let round = 0; round < rounds; round += 1) {
    const started = await Promise.all(Array.from({ length: size }, startOne));
    times.push(...started.map(({ milliseconds }) => milliseconds));
    if (round === rounds - 1) {
      rows.push({
        'at once': size,
        'median ms': median(times),
        'p95 ms': percentile(times, 95),
        'all ready after, ms': size === 1 ? median(times) : performance.now() - began,
      });
    }
    await Promise.all(started.map(({ user }) => stop(user)));
  }
}

const facts: Record<string, string | number> = { concurrent_starts: Number(starts) };
if (idle > 0) {
  const users: string[] = [];
  while (users.length < idle) {
    const some = await Promise.all(Array.from({ length: Math.min(20, idle - users.length) }, startOne));
    users.push(...some.map(({ user }) => user));
  }
  const ticks = cpuTicks();
  await pause(seconds * 1000);
  facts[`service memory with ${idle} servers, MB`] = memory();
  facts[`service CPU with ${idle} idle servers, % of a core`] = (cpuTicks() - ticks) / seconds;
  service.child.kill('SIGKILL');
  await once(service.child, 'exit');
  const killed = performance.now();
  service = await startService(null);
  facts['restart to ready (API answers), ms'] = performance.now() - killed;
  for (;;) {
    const states = (await client.servers()).map(({ state }) => state);
    if (states.length !== idle) throw new Error(`${states.length} of ${idle} were found`);
    if (/outcome="alive"} (\d+)/.exec(await client.metrics())?.[1] === String(idle)) break;
    await pause(20);
  }
  facts[`restart to all ${idle} adopted, ms`] = performance.now() - killed;
  facts['service memory after the restart, MB'] = memory();
  await Promise.all(users.map(stop));
}
service.child.kill('SIGTERM');
await once(service.child, 'exit');
rmSync(directory, { recursive: true, force: true });
report('spawn', rows, facts);
process.exit();
