// What bench/forwarders.ts compares: a server on the host, and the same server in a sandbox behind each forwarder.
// Not here: what is measured (traffic.ts, idle.ts).
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createNetwork,
  createToolbox,
  type ForwarderName,
  fileView,
  firstOf,
  forwarderNames,
  launch,
  lookAs,
  type NetworkPolicy,
  noCgroups,
  noLimits,
  ordinaryFamilies,
  ownAddresses,
  portsFromRandom,
  type Sandbox,
} from '../../portwrap/index.ts';
import { childrenOf, monitorOf, readStat } from '../../portwrap/system/process.ts';
import { openConnection } from './client.ts';

export interface Subject {
  readonly name: string;
  readonly port: number;
  /** The server, the sandbox around it and its network programs. */
  readonly pids: () => number[];
  readonly close: () => Promise<unknown>;
}

/** The first is the server on the host. */
export const subjectNames = ['loopback', ...forwarderNames] as const;
type SubjectName = (typeof subjectNames)[number];

export const isolated: NetworkPolicy = { internet: false, dns: false, hosts: [] };
export const connected: NetworkPolicy = { internet: true, dns: true, hosts: [] };

const upstream = join(import.meta.dirname, 'upstream.js');
const asRoot = process.getuid?.() === 0;
const account = asRoot
  ? { name: 'nobody', uid: 65_534, gid: 65_534, home: '/', shell: '/bin/sh', listed: false }
  : null;
const tools = createToolbox(process.env.PATH);
const directory = mkdtempSync(join(tmpdir(), 'bench-'));
const log = openSync(join(directory, 'log'), 'a');
const ports = { low: 10_900, high: 19_999 };
let serial = 0;

export async function startSubject(name: SubjectName): Promise<Subject> {
  const subject = await (name === 'loopback' ? onHost() : inSandbox(name));
  await untilAnswered(subject.port);
  return subject;
}

export function removeDirectory(): void {
  rmSync(directory, { recursive: true, force: true });
}

/** A sandbox with that forwarder; slirp4netns leads out of those of `builtin` where the policy asks for it. */
export async function startSandbox(
  name: ForwarderName,
  command: readonly string[],
  policy: NetworkPolicy,
): Promise<Sandbox> {
  serial += 1;
  const network = createNetwork({ forwarder: name, uplink: null }, tools, asRoot);
  return launch(
    { tools, asRoot, hostAddresses: ownAddresses, cgroups: noCgroups, network },
    {
      directory: join(directory, String(serial)),
      command,
      environment: { PATH: '/usr/bin:/bin' },
      workingDirectory: '/',
      account,
      files: await fileView({ keep: [], hide: [] }, lookAs(tools, null)),
      socketFamilies: ordinaryFamilies,
      policy,
      limits: noLimits,
      hostAddress: '127.0.0.1',
      hostPorts: firstOf(portsFromRandom(ports), 20),
      guestPort: 8888,
      lifetime: 'detached',
      stdio: ['ignore', log, log],
    },
    new AbortController().signal,
  );
}

/** All processes that exist because of the sandbox. */
export function processesOf({ record }: Sandbox): number[] {
  const { child, forwarder, uplink } = record;
  const monitor = monitorOf(child)?.pid;
  const programs = [forwarder, ...(uplink === null ? [] : [uplink])].map(({ pid }) => {
    const parent = readStat(pid)?.parent ?? 0;
    return parent === process.pid || parent <= 1 ? pid : parent; // the shell around pasta
  });
  return [
    ...(monitor === undefined ? [] : [monitor]),
    ...[child.pid, ...programs].flatMap((pid) => [pid, ...descendantsOf(pid)]),
  ];
}

async function onHost(): Promise<Subject> {
  const child = spawn(process.execPath, [upstream, '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const close = () => {
    child.kill('SIGKILL');
    return once(child, 'exit');
  };
  const pids = () => (child.pid === undefined ? [] : [child.pid]);
  return { name: 'loopback', port: Number(line.toString()), pids, close };
}

async function inSandbox(name: ForwarderName): Promise<Subject> {
  const sandbox = await startSandbox(name, [process.execPath, upstream, '8888'], isolated);
  const pids = () => processesOf(sandbox);
  return { name, port: sandbox.record.hostPort, pids, close: () => sandbox.stop(0) };
}

function descendantsOf(pid: number): number[] {
  return childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child)]);
}

/** Before the server listens, a forwarder may refuse a connection, or lose it. */
async function untilAnswered(port: number): Promise<void> {
  for (let answered = false; !answered; ) answered = await answers(port).catch(() => false);
}

async function answers(port: number): Promise<boolean> {
  const connection = await openConnection(port);
  const late = setTimeout(connection.close, 1_000);
  return connection
    .get(1)
    .then(() => true)
    .finally(() => {
      clearTimeout(late);
      connection.close();
    });
}
