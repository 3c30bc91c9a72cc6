// Servers as Slurm jobs: from POST to ready against srun and sbatch of the same bare command, in alternation on one
// cluster, for two Slurm configurations; then the cost of many running and queued servers for service and scheduler.
// As root, with Debian's Slurm.
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
import { createReports } from '../spawner/launchers/slurm/reports/reports.ts';
import { jobsBefore, parseQueue } from '../spawner/launchers/slurm/scheduler/squeue.ts';
import {
  makeTestAccounts,
  openTunDevice,
  removeTestAccounts,
  testAccount,
} from '../test/support/machine/accounts.ts';
import { freePorts } from '../test/support/machine/free-ports.ts';
import { hubToken, serverPath, startService } from '../test/support/service.ts';
import { slurmSettings, startCluster } from '../test/support/slurm/slurm.ts';
import { median, percentile, report } from './report.ts';

const rounds = Number(process.env.ROUNDS ?? 10);
const running = Number(process.env.RUNNING ?? 20);
const queued = Number(process.env.QUEUED ?? 50);
const seconds = Number(process.env.SECONDS ?? 30);

openTunDevice();
const directory = mkdtempSync(join(tmpdir(), 'bench-slurm-'));
chmodSync(directory, 0o755);
makeTestAccounts();
const { name: user, uid, gid, home } = testAccount('a');
/** The smallest possible server, and one that users start. */
const commands = {
  web: ['/usr/bin/python3', '-u', '-m', 'http.server'],
  jupyter: [
    ...['/usr/bin/python3', '-m', 'jupyter_server', '--no-browser'],
    '--ServerApp.token=x',
    '--ServerApp.ip=0.0.0.0',
    '--port',
  ],
};
type What = keyof typeof commands;
let serial = 0;
const request = (kind: string) => ({ spawn_id: `bench-slurm-${serial++}`, profile: kind });

/** A cluster, and a service that uses it. `settings`: added to slurm.conf. */
async function open(settings: string) {
  const cluster = await startCluster(settings);
  const profile = (name: string, what: What, options: string) =>
    `  - {name: ${name}, launcher: slurm, command: [${commands[what].join(', ')}, "{guest-port}"], slurm: {options: [${options}]}}`;
  const profiles = [
    profile('web', 'web', ''),
    profile('jupyter', 'jupyter', ''),
    profile('later', 'web', '"--begin=now+3600"'),
  ];
  const service = await startService(
    profiles.join('\n'),
    `limits: {servers_per_user: 1000}\n${slurmSettings(cluster)}`,
    { accounts: '{mode: system}' },
  ).catch(async (error: unknown) => {
    await cluster.dispose();
    throw error;
  });
  await service.restart();
  const close = async () => {
    await service.dispose();
    await cluster.dispose();
  };
  return { cluster, service, close };
}

type Opened = Awaited<ReturnType<typeof open>>;

async function ours({ service }: Opened, what: What): Promise<number> {
  const began = performance.now();
  const last = (await service.start(user, request(what), 'one')).at(-1);
  if (last?.ready !== true) throw new Error(last?.message);
  const took = performance.now() - began;
  await service.call('DELETE', serverPath(user, 'one'));
  return took;
}

async function bareSrun({ cluster }: Opened, what: What): Promise<number> {
  const [port = 0] = await freePorts(1);
  const began = performance.now();
  const become = [`--reuid=${uid}`, `--regid=${gid}`, '--init-groups', '--'];
  const argv = [...become, 'srun', '--quiet', '--ntasks=1', ...commands[what], String(port)];
  const child = spawn('setpriv', argv, {
    env: { PATH: process.env.PATH, SLURM_CONF: cluster.conf, HOME: home },
    stdio: 'ignore',
    cwd: '/tmp',
  });
  while (!(await answers(port))) await pause(5);
  const took = performance.now() - began;
  child.kill('SIGTERM');
  await once(child, 'exit');
  return took;
}

async function bareSbatch({ cluster }: Opened, what: What): Promise<number> {
  const [port = 0] = await freePorts(1);
  const script = join(directory, 'script');
  const text = `#!/bin/sh\nHOME=${home} exec ${commands[what].join(' ')} ${port}\n`;
  writeFileSync(script, text, { mode: 0o755 });
  const began = performance.now();
  const job = cluster.run('sbatch', ['--parsable', '--output=/dev/null', '--chdir=/tmp', script], user);
  while (!(await answers(port))) await pause(5);
  const took = performance.now() - began;
  cluster.run('scancel', [job]);
  return took;
}

/** In alternation, so that other load on the machine affects all of them. */
async function compare(opened: Opened, what: What, count: number) {
  const times = { ours: [] as number[], srun: [] as number[], sbatch: [] as number[] };
  for (let round = -1; round < count; round += 1) {
    await pause(Math.random() * 1000); // otherwise all would start at the same phase of the scheduler's one-second cycle
    const own = await ours(opened, what);
    await pause(Math.random() * 1000);
    const batch = await bareSbatch(opened, what);
    const bare = await bareSrun(opened, what);
    if (round < 0) continue; // the first one warms the caches
    times.ours.push(own);
    times.srun.push(bare);
    times.sbatch.push(batch);
  }
  return times;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    get({ host: '127.0.0.1', port, agent: false }, (response) => {
      response.resume();
      resolve(true);
    }).once('error', () => resolve(false));
  });
}

async function looks({ service }: Opened): Promise<number> {
  const response = await fetch(`${service.url}/metrics`, { headers: { authorization: `token ${hubToken}` } });
  const text = await response.text();
  return [...text.matchAll(/scheduler_calls_total\{command="\w+"} (\d+)/g)].reduce(
    (sum, [, n]) => sum + Number(n),
    0,
  );
}

function cpuSeconds({ service }: Opened): number {
  const fields = readFileSync(`/proc/${service.pid()}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100; // utime and stime, in 1/100 s
}

function memory({ service }: Opened): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${service.pid()}/status`, 'utf8'))?.[1]) / 1024;
}

async function idleCost(opened: Opened) {
  const [calls, cpu] = [await looks(opened), cpuSeconds(opened)];
  await pause(seconds * 1000);
  return {
    calls: ((await looks(opened)) - calls) / seconds,
    cpu: ((cpuSeconds(opened) - cpu) / seconds) * 100,
  };
}

/** Milliseconds that the service takes to process the output, with half of the jobs pending. */
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

/** Milliseconds for one report; the job's side runs in this process too, so the service alone takes less. */
async function cpuOfReport(): Promise<number> {
  const reports = createReports('key', () => true);
  // from many jobs, because one job may not send so many
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

/** With many servers: the cost of the service and its calls to the scheduler. */
async function manyServers(opened: Opened): Promise<Record<string, number>> {
  const { service, cluster } = opened;
  await service.start(user, request('web'), 'r0');
  const few = await idleCost(opened);
  const memoryOfFew = memory(opened);
  const names = Array.from({ length: running - 1 }, (_, index) => `r${index + 1}`);
  await Promise.all(names.map((name) => service.start(user, request('web'), name)));
  for (let index = 0; index < queued; index += 1)
    await service.call('POST', serverPath(user, `q${index}`), request('later'));
  const pending = ['--noheader', '--states=PENDING', '--format=%i'];
  while (cluster.run('squeue', pending).split('\n').length < queued) await pause(200);
  const many = await idleCost(opened);
  const what = `with ${running} running and ${queued} queued`;
  return {
    'with 1 running: scheduler calls a second': few.calls,
    'with 1 running: service memory, MB': memoryOfFew,
    'with 1 running: service CPU, % of a core': few.cpu,
    [`${what}: scheduler calls a second`]: many.calls,
    [`${what}: service CPU, % of a core`]: many.cpu,
    [`${what}: service memory, MB`]: memory(opened),
  };
}

const rows: Record<string, string | number>[] = [];
const facts: Record<string, string | number> = {};
const tell = (what: string, times: Awaited<ReturnType<typeof compare>>) => {
  const names = {
    ours: 'POST to ready',
    srun: 'srun of the bare command',
    sbatch: 'sbatch of the bare command',
  };
  for (const kind of ['ours', 'srun', 'sbatch'] as const) {
    const values = times[kind];
    rows.push({
      'from submission to an answer': `${what}: ${names[kind]}`,
      'median ms': median(values),
      'p95 ms': percentile(values, 95),
    });
  }
  for (const other of ['srun', 'sbatch'] as const)
    facts[`${what}: ratio of the medians, ours to ${other}`] = median(times.ours) / median(times[other]);
};

const closing: (() => Promise<void>)[] = [];
try {
  const quick = await open('');
  closing.push(quick.close);
  tell('batch_sched_delay=0, http.server', await compare(quick, 'web', rounds));
  tell('batch_sched_delay=0, Jupyter', await compare(quick, 'jupyter', rounds));
  Object.assign(facts, await manyServers(quick));
  await closing.pop()?.();
  const ordinary = await open('SchedulerParameters=bf_interval=30');
  closing.push(ordinary.close);
  tell("Slurm's defaults, http.server", await compare(ordinary, 'web', rounds));
  facts['CPU of parsing and ranking a squeue of 10,000 jobs, ms'] = cpuOfLook(10_000);
  facts['CPU of one report, of both sides, ms'] = await cpuOfReport();
  report('slurm', rows, facts);
} finally {
  for (const close of closing) await close();
  rmSync(directory, { recursive: true });
  removeTestAccounts();
}
process.exit();
