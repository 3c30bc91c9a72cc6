// Faults at random moments: hundreds of launches, each hit by one, and then a count of what is left: nothing.
// A failure prints the seed; FAULT_SEED repeats the sequence of faults, if not the moments of the kernel.
import { chmodSync, closeSync, mkdtempSync, openSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import {
  cgroupSurroundings,
  createNetwork,
  createToolbox,
  destroySandbox,
  fileView,
  findCgroupWay,
  isSandboxAlive,
  launch,
  lookAs,
  noLimits,
  openCgroups,
  ordinaryFamilies,
  ownAddresses,
  type Sandbox,
} from '../../../portwrap/index.ts';
import { isRoot } from '../../support/machine/accounts.ts';
import { census, nothing, pidsOf } from '../../support/machine/census.ts';
import { runId } from '../../support/machine/run-id.ts';
import { world } from '../../support/machine/world.ts';

/** The rest of them are made on the machine as it is. */
const rounds = world === null ? 300 : 100;
const atOnce = 4;
const seed = Number(process.env.FAULT_SEED ?? Math.floor(Math.random() * 2 ** 31));

const root = mkdtempSync(join(tmpdir(), 'faults-'));
/** Control groups have the names of these directories, and are everybody's. */
const prefix = `s-${runId()}-`;
chmodSync(root, 0o711);
const log = openSync(join(root, 'log'), 'a');
afterAll(() => {
  closeSync(log);
  rmSync(root, { recursive: true, force: true });
});

const tools = createToolbox();
const context = {
  ...{
    tools,
    asRoot: isRoot,
    hostAddresses: ownAddresses,
    cgroups: openCgroups(findCgroupWay('service', cgroupSurroundings())),
  },
  network: createNetwork({ forwarder: null, uplink: null }, tools, isRoot),
};
const account = { name: 'nobody', uid: 64_999, gid: 64_999, home: '/', shell: '/bin/sh', listed: false };

const faults = {
  abort: (_: Sandbox | undefined, abort: AbortController) => abort.abort(new Error('interrupted')),
  monitor: (sandbox?: Sandbox) => kill(sandbox, (pids) => pids.monitor),
  'pid 1': (sandbox?: Sandbox) => kill(sandbox, (pids) => pids.child),
  forwarder: (sandbox?: Sandbox) => kill(sandbox, (pids) => pids.forwarder),
  'forwarder and pid 1': (sandbox?: Sandbox) => {
    kill(sandbox, (pids) => pids.forwarder);
    kill(sandbox, (pids) => pids.child);
  },
  payload: (sandbox?: Sandbox) => sandbox?.signal('SIGKILL'),
  'any process': (_: Sandbox | undefined, __: AbortController, directory: string, random: () => number) => {
    const pids = pidsOf(directory);
    const pid = pids[Math.floor(random() * pids.length)];
    if (pid !== undefined) tryKill(pid);
  },
  leave: (sandbox?: Sandbox) => sandbox?.leave(),
} as const;
type Fault = keyof typeof faults;

test(`after ${rounds} launches with faults at random moments nothing is left (seed ${seed})`, async () => {
  const random = createRandom(seed);
  const met = new Map<string, number>();
  let next = 0;
  const worker = async () => {
    for (let round = next++; round < rounds; round = next++) {
      const names = Object.keys(faults) as Fault[];
      const fault = names[Math.floor(random() * names.length)] ?? 'abort';
      const outcome = await oneLaunch(String(round), fault, random() * 60, random);
      met.set(`${fault}: ${outcome}`, (met.get(`${fault}: ${outcome}`) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  expect([...met.values()].reduce((sum, count) => sum + count)).toBe(rounds);
  // the moments were spread: some faults met a launch, others a running sandbox
  expect([...met.keys()].some((key) => key.endsWith('launch failed'))).toBe(true);
  expect([...met.keys()].some((key) => key.endsWith('was running'))).toBe(true);
  // bwrap's monitor sees the end of its child, and then ends itself; it holds nothing any more
  await expect.poll(() => census(join(root, prefix)), { timeout: 20_000 }).toEqual(nothing);
  expect(pidsOf(`${root}/`).length).toBe(0);
  expect(readdirSync(root)).toEqual(['log']);
  const { directories } = await context.cgroups.root();
  const groups = Object.values(directories).flatMap((directory) => readdirSync(directory));
  expect(groups.filter((name) => name.startsWith(prefix))).toEqual([]);
  context.cgroups.close();
}, 240_000);

async function oneLaunch(name: string, fault: Fault, delay: number, random: () => number): Promise<string> {
  const directory = join(root, `${prefix}${name}`);
  const abort = new AbortController();
  let sandbox: Sandbox | undefined;
  const specified = await specification(directory, Number(name));
  const launched = launch(context, specified, abort.signal).then(
    (started) => {
      sandbox = started;
      return 'was running';
    },
    () => 'launch failed',
  );
  await pause(delay);
  faults[fault](sandbox, abort, directory, random);
  const outcome = await launched;
  // what a service does with a sandbox it has lost, or wants to end
  if (sandbox !== undefined && fault !== 'leave') await sandbox.stop(0);
  await destroySandbox(tools, directory);
  expect(isSandboxAlive(directory)).toBe(false);
  return outcome;
}

async function specification(directory: string, number: number) {
  return {
    directory,
    command: ['sh', '-c', 'setsid -f sleep 1000; sleep 1000'],
    environment: { PATH: '/usr/bin:/bin', MARK: directory },
    workingDirectory: '/',
    account: isRoot ? account : null,
    files: await fileView({ keep: [], hide: [] }, lookAs(tools, null)),
    socketFamilies: ordinaryFamilies,
    policy: { internet: false, dns: false, hosts: [] },
    limits: { ...noLimits, openFiles: 256 },
    hostAddress: '127.0.0.1',
    hostPorts: [11_000 + number],
    guestPort: 8888,
    lifetime: 'detached' as const,
    stdio: ['ignore', log, log] as const,
  };
}

interface Pids {
  readonly monitor: number | undefined;
  readonly child: number;
  readonly forwarder: number;
}

function kill(sandbox: Sandbox | undefined, choose: (pids: Pids) => number | undefined): void {
  if (sandbox === undefined) return;
  const { record } = sandbox;
  const monitor = pidsOf(record.directory, /bwrap/).find((pid) => pid !== record.child.pid);
  const pid = choose({ monitor, child: record.child.pid, forwarder: record.forwarder.pid });
  if (pid !== undefined) tryKill(pid);
}

function tryKill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** mulberry32: the same faults again for the same seed. */
function createRandom(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
