// `portwrap job` as a batch system starts it, with a listener for its reports. Not here: a batch system (slurm.ts).
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { type JobSpec, jobSpecVersion, ordinaryFamilies } from '../../../portwrap/index.ts';
import { freePorts } from '../machine/free-ports.ts';
import type { Installed } from '../run-portwrap.ts';

export interface TestJob {
  readonly process: ChildProcess;
  /** The names of the events that were reported so far. */
  events(): string[];
  /** Exit code, or the name of the signal that ended it; then the listener for reports is closed. */
  readonly ended: Promise<number | string>;
}

/** `become` is put before the node command; the job serves HTTP until it is ended. */
export async function startJob(installed: Installed, become: readonly string[]): Promise<TestJob> {
  const events: string[] = [];
  const desk = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.once('end', () => {
      events.push((JSON.parse(body) as { event: string }).event);
      response.writeHead(204).end();
    });
  }).listen(0, '127.0.0.1');
  await once(desk, 'listening');
  const { port } = desk.address() as { port: number };
  const [low = 0] = await freePorts(1);
  const spec: JobSpec = {
    version: jobSpecVersion,
    report: { url: `http://127.0.0.1:${port}/`, secret: 'test-secret', heartbeat: 60_000 },
    batch: { job: 'JOB', restarts: 'RESTARTS', node: 'NODE', passed: ['JOB*'], withheld: [] },
    hints: { hostInterface: '', reportUrl: '' },
    command: [process.execPath, installed.fixture('serve.mjs'), 'job', '8888'],
    environment: { PATH: '/usr/bin:/bin' },
    workingDirectory: '/',
    files: { keep: [], hide: [] },
    policy: { internet: false, dns: false, hosts: [] },
    socketFamilies: ordinaryFamilies,
    ...{ openFiles: 1024, network: { forwarder: null, uplink: null }, hostInterface: null, guestPort: 8888 },
    hostPorts: { low, high: low },
    ...{ readyPath: '/', stopGrace: 5_000 },
  };
  const [program = '', ...argv] = [...become, process.execPath, installed.main, 'job'];
  const child = spawn(program, argv, {
    cwd: '/',
    env: { PATH: '/usr/bin:/bin:/usr/sbin', XDG_RUNTIME_DIR: mkdtempSync(join(installed.scratch, 'job-')) },
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  child.stdin?.on('error', () => {}); // a job that is killed early has not read it
  child.stdin?.end(JSON.stringify(spec));
  const ended = once(child, 'close').then(async ([code, signal]) => {
    desk.closeAllConnections();
    desk.close();
    await once(desk, 'close');
    return (code ?? signal) as number | string;
  });
  return { process: child, events: () => [...events], ended };
}
