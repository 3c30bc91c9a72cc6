// Servers as Slurm jobs: from POST to ready against srun and sbatch of the same bare command, in turns on one cluster;
// then what many running and queued servers cost the service and the scheduler. As root, with Debian's Slurm.
// Run: node bench/run.mjs slurm. ROUNDS=10 RUNNING=20 QUEUED=50 SECONDS=30 choose other sizes. Needs a build.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { post } from '../portwrap/job/report.ts';
import { createReports } from '../spawner/launchers/slurm/reports.ts';
import { jobsBefore, parseQueue } from '../spawner/launchers/slurm/squeue.ts';
import { openTunDevice, testAccount } from '../test/support/accounts.ts';
import { freePorts } from '../test/support/free-ports.ts';
import { hubToken, serverPath, startService } from '../test/support/service.ts';
import { slurmSettings, startCluster } from '../test/support/slurm.ts';
import { median, percentile, report } from './report.ts';

const rounds = Number(process.env.ROUNDS ?? 10);
const running = Number(process.env.RUNNING ?? 20);
const queued = Number(process.env.QUEUED ?? 50);
const seconds = Number(process.env.SECONDS ?? 30);

openTunDevice();
const directory = mkdtempSync(join(tmpdir(), 'bench-slurm-'));
chmodSync(directory, 0o755);
const { name: user, uid, gid } = testAccount('pwtest-a');
const cluster = await startCluster();
const command = ['/usr/bin/python3', '-u', '-m', 'http.server'];
const profile = (name: string, options: string) =>
  `  - {name: ${name}, launcher: slurm, command: [${command.join(', ')}, "{guest-port}"], slurm: {options: [${options}]}}`;
const service = await startService(
  [profile('web', ''), profile('later', '"--begin=now+3600"')].join('\n'),
  `limits: {servers_per_user: 1000}\n${slurmSettings(cluster)}`,
  { accounts: '{mode: system}' },
).catch(async (error: unknown) => {
  await cluster.dispose();
  throw error;
});
await service.restart();
let serial = 0;
const request = (kind: string) => ({ spawn_id: `bench-slurm-${serial++}`, profile: kind });

async function ours(): Promise<number> {
  const began = performance.now();
  const last = (await service.start(user, request('web'), 'one')).at(-1);
  if (last?.ready !== true) throw new Error(last?.message);
  const took = performance.now() - began;
  await service.call('DELETE', serverPath(user, 'one'));
  return took;
}

async function bareSrun(): Promise<number> {
  const [port = 0] = await freePorts(1);
  const began = performance.now();
  const become = [`--reuid=${uid}`, `--regid=${gid}`, '--init-groups', '--'];
  const argv = [...become, 'srun', '--quiet', '--ntasks=1', ...command, String(port)];
  const child = spawn('setpriv', argv, {
    env: { PATH: process.env.PATH, SLURM_CONF: cluster.conf },
    stdio: 'ignore',
    cwd: '/tmp',
  });
  while (!(await answers(port))) await pause(5);
  const took = performance.now() - began;
  child.kill('SIGTERM');
  await once(child, 'exit');
  return took;
}

async function bareSbatch(): Promise<number> {
  const [port = 0] = await freePorts(1);
  const script = join(directory, 'script');
  writeFileSync(script, `#!/bin/sh\nexec ${command.join(' ')} ${port}\n`, { mode: 0o755 });
  const began = performance.now();
  const job = cluster.run('sbatch', ['--parsable', '--output=/dev/null', '--chdir=/tmp', script], user);
  while (!(await answers(port))) await pause(5);
  const took = performance.now() - began;
  cluster.run('scancel', [job]);
  return took;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    get({ host: '127.0.0.1', port, agent: false }, (response) => {
      response.resume();
      resolve(true);
    }).once('error', () => resolve(false));
  });
}

const looks = async () => {
  const response = await fetch(`${service.url}/metrics`, { headers: { authorization: `token ${hubToken}` } });
  const text = await response.text();
  return [...text.matchAll(/scheduler_calls_total\{command="\w+"} (\d+)/g)].reduce(
    (sum, [, n]) => sum + Number(n),
    0,
  );
};
const cpuSeconds = () => {
  const fields = readFileSync(`/proc/${service.pid()}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100; // utime and stime, in 1/100 s
};
const memory = () =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${service.pid()}/status`, 'utf8'))?.[1]) / 1024;
async function idleCost() {
  const [calls, cpu] = [await looks(), cpuSeconds()];
  await pause(seconds * 1000);
  return { calls: ((await looks()) - calls) / seconds, cpu: ((cpuSeconds() - cpu) / seconds) * 100 };
}

/** Milliseconds for what the service does with the answer, half of it pending. */
function cpuOfLook(jobs: number): number {
  const line = (index: number) =>
    index % 2 === 0
      ? `${index}|RUNNING|None|n${index % 500}|main|${index}|1795472176|1795472476`
      : `${index}|PENDING|Priority|n/a|main|${index % 97}|N/A|N/A`;
  const output = Array.from({ length: jobs }, (_, index) => line(index)).join('\n');
  const took = Array.from({ length: 20 }, () => {
    const began = process.cpuUsage();
    jobsBefore(parseQueue(output).jobs);
    const { user: own, system } = process.cpuUsage(began);
    return (own + system) / 1000;
  });
  return median(took);
}

/** Milliseconds for one report; the job's side of it is in this process too, so the service has less. */
async function cpuOfReport(): Promise<number> {
  const reports = createReports('key', () => true);
  // of many jobs, as none may send so many
  const ids = Array.from({ length: 50 }, (_, index) => `abcabcabca${10 + index}`);
  for (const id of ids) reports.expect(id, () => {});
  const server = createServer(reports.listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const targets = ids.map((id) => ({
    url: `http://127.0.0.1:${port}/jobs/${id}`,
    secret: reports.secretOf(id),
  }));
  const send = async (count: number) => {
    for (let sent = 0; sent < count; sent += targets.length)
      for (const target of targets) await post(target, { event: 'alive' });
  };
  await send(500); // the first ones warm it up
  const began = process.cpuUsage();
  await send(2000);
  const { user: own, system } = process.cpuUsage(began);
  server.close();
  return (own + system) / 1000 / 2000;
}

try {
  const times = { ours: [] as number[], srun: [] as number[], sbatch: [] as number[] };
  for (let round = -1; round < rounds; round += 1) {
    const [own, bare, batch] = [await ours(), await bareSrun(), await bareSbatch()];
    if (round < 0) continue; // the first one warms the caches
    times.ours.push(own);
    times.srun.push(bare);
    times.sbatch.push(batch);
  }
  const facts: Record<string, string | number> = {
    'ratio of the medians, ours to srun': median(times.ours) / median(times.srun),
    'ratio of the medians, ours to sbatch': median(times.ours) / median(times.sbatch),
  };
  const started = Array.from({ length: running }, (_, index) => index);
  await service.start(user, request('web'), 'r0');
  const few = await idleCost();
  facts['with 1 running: scheduler calls a second'] = few.calls;
  facts['with 1 running: service memory, MB'] = memory();
  facts['with 1 running: service CPU, % of a core'] = few.cpu;
  await Promise.all(started.slice(1).map((index) => service.start(user, request('web'), `r${index}`)));
  for (let index = 0; index < queued; index += 1)
    await service.call('POST', serverPath(user, `q${index}`), request('later'));
  while (
    Number(cluster.run('squeue', ['--noheader', '--states=PENDING', '--format=%i']).split('\n').length) <
    queued
  )
    await pause(200);
  const many = await idleCost();
  const what = `with ${running} running and ${queued} queued`;
  facts[`${what}: scheduler calls a second`] = many.calls;
  facts[`${what}: service CPU, % of a core`] = many.cpu;
  facts[`${what}: service memory, MB`] = memory();
  facts['CPU of parsing and ranking a squeue of 10,000 jobs, ms'] = cpuOfLook(10_000);
  const row = (name: string, values: readonly number[]) => ({
    'from submission to an answer': name,
    'median ms': median(values),
    'p95 ms': percentile(values, 95),
  });
  facts['CPU of one report, of both sides, ms'] = await cpuOfReport();
  const rows = [
    row('POST to ready', times.ours),
    row('srun of the bare command', times.srun),
    row('sbatch of the bare command', times.sbatch),
  ];
  report('slurm', rows, facts);
} finally {
  await service.dispose();
  await cluster.dispose();
  rmSync(directory, { recursive: true });
}
process.exit();
