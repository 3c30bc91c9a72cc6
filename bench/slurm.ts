// Servers as Slurm jobs: from POST to ready against srun of the same bare command, alternately on the same cluster;
// then what many running and queued servers cost the service and the scheduler. As root, with Debian's Slurm.
// Run: node bench/run.mjs slurm. ROUNDS=10 RUNNING=20 QUEUED=50 SECONDS=30 choose other sizes. Needs a build.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { get } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
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
const { name: user, uid, gid } = testAccount('pwtest-a');
const cluster = await startCluster();
const command = ['/usr/bin/python3', '-u', '-m', 'http.server'];
const profile = (name: string, options: string) =>
  `  - {name: ${name}, launcher: slurm, command: [${command.join(', ')}, "{guest-port}"], slurm: {options: [${options}]}}`;
const service = await startService(
  [profile('web', ''), profile('later', '"--begin=now+3600"')].join('\n'),
  `limits: {servers_per_user: 1000}\n${slurmSettings(cluster)}`,
  { accounts: '{mode: system}' },
);
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

try {
  const times = { ours: [] as number[], srun: [] as number[] };
  for (let round = -1; round < rounds; round += 1) {
    const [own, bare] = [await ours(), await bareSrun()];
    if (round < 0) continue; // the first one warms the caches
    times.ours.push(own);
    times.srun.push(bare);
  }
  const facts: Record<string, string | number> = {
    'ratio of the medians, ours to srun': median(times.ours) / median(times.srun),
  };
  const started = Array.from({ length: running }, (_, index) => index);
  await service.start(user, request('web'), 'r0');
  const few = await idleCost();
  facts['with 1 running: scheduler calls a second'] = few.calls;
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
  const row = (name: string, values: readonly number[]) => ({
    'from submission to an answer': name,
    'median ms': median(values),
    'p95 ms': percentile(values, 95),
  });
  report('slurm', [row('POST to ready', times.ours), row('srun of the bare command', times.srun)], facts);
} finally {
  await service.dispose();
  await cluster.dispose();
}
process.exit();
