// How long a launch takes until its forward is ready, side by side with the bare recipe in shell, with
// 0, 100 and 300 other sandboxes alive; how many a second with 8 at a time; the memory that one costs; and, as root with
// loop devices, the same with temporary files on disk that have a size.
// Run: node bench/run.mjs launch   ROUNDS=30 LIVE=0,100,300 AT_ONCE=8 choose other sizes.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  cgroupSurroundings,
  createNetwork,
  createToolbox,
  fileView,
  findCgroupWay,
  launch,
  lookAs,
  noLimits,
  openCgroups,
  ordinaryFamilies,
  ownAddresses,
  type Sandbox,
} from '../portwrap/index.ts';
import { median, percentile, report } from './report.ts';

const rounds = Number(process.env.ROUNDS ?? 30);
const populations = (process.env.LIVE ?? '0,100,300').split(',').map(Number);

const asRoot = process.getuid?.() === 0;
const account = asRoot
  ? { name: 'nobody', uid: 65_534, gid: 65_534, home: '/', shell: '/bin/sh', listed: false }
  : null;
const tools = createToolbox(process.env.PATH);
const context = {
  tools,
  asRoot,
  network: createNetwork({ forwarder: null, uplink: null }, tools, asRoot),
  hostAddresses: ownAddresses,
  cgroups: openCgroups(findCgroupWay('service', cgroupSurroundings())),
};
const directory = mkdtempSync(join(tmpdir(), 'bench-'));
const log = openSync(join(directory, 'log'), 'a');
const atOnce = Number(process.env.AT_ONCE ?? 8);
/** Bytes; null: this account cannot have it. */
const size = asRoot && existsSync('/dev/loop-control') ? 2 ** 30 : null;
let serial = 0;

async function start(temporarySize: number | null = null): Promise<Sandbox> {
  const number = serial++;
  return launch(
    context,
    {
      directory: join(directory, String(number)),
      command: ['sleep', '100000'],
      environment: { PATH: '/usr/bin:/bin' },
      workingDirectory: '/',
      account,
      files: await fileView({ keep: [], hide: [], temporarySize }, lookAs(tools, null)),
      socketFamilies: ordinaryFamilies,
      policy: { internet: true, dns: true, hosts: [{ address: '127.0.0.1', port: 8081 }] },
      limits: noLimits,
      hostAddress: '127.0.0.1',
      hostPorts: [10_000 + number],
      guestPort: 8888,
      lifetime: 'detached',
      stdio: ['ignore', log, log],
    },
    new AbortController().signal,
  );
}

/** The recipe without any of our code: bwrap, slirp4netns until ready, add_hostfwd; then all is killed. */
const bareRecipe = `
set -e
d=$(mktemp -d); mkfifo "$d/info" "$d/ready"
${account === null ? '' : `setpriv --reuid ${account.uid} --regid ${account.gid} --clear-groups --`} \
  bwrap --dev-bind / / --unshare-user --unshare-net --unshare-pid --proc /proc --die-with-parent --info-fd 3 -- sleep 100000 3> "$d/info" &
child=$(sed -n 's/.*"child-pid": \\([0-9]*\\).*/\\1/p' "$d/info" | head -1)
until grep -q 127.0.0.1 "/proc/$child/net/fib_trie"; do :; done
slirp4netns --configure --mtu=65520 --disable-host-loopback --api-socket "$d/api" --ready-fd 3 ${asRoot ? '--netns-type=path --userns-path=/proc/$child/ns/user /proc/$child/ns/net' : '$child'} tap0 3> "$d/ready" > /dev/null 2>&1 &
slirp=$!
head -c 1 "$d/ready" > /dev/null
echo "$d"
read -r done
kill -9 $child $slirp; rm -r "$d"
`;

async function bare(): Promise<number> {
  const began = performance.now();
  const shell = spawn('sh', ['-c', bareRecipe], { stdio: ['pipe', 'pipe', 'ignore'] });
  const exit = once(shell, 'exit');
  const [line] = (await once(shell.stdout, 'data')) as [Buffer];
  await addForward(join(line.toString().trim(), 'api'));
  const took = performance.now() - began;
  shell.stdin.end('done\n');
  await exit;
  return took;
}

/** A shell needs another program to talk to a Unix socket, and its start would be measured. */
async function addForward(path: string): Promise<void> {
  const socket = connect(path);
  const forward = {
    proto: 'tcp',
    host_addr: '127.0.0.1',
    host_port: 31_000 + (serial++ % 1000),
    guest_port: 8888,
  };
  socket.end(JSON.stringify({ execute: 'add_hostfwd', arguments: forward }));
  const [answer] = (await once(socket, 'data')) as [Buffer];
  if (!answer.includes('return')) throw new Error(`the bare recipe failed: ${answer}`);
}

async function ours(temporarySize: number | null = null): Promise<number> {
  const began = performance.now();
  const sandbox = await start(temporarySize);
  const took = performance.now() - began;
  await sandbox.stop(0);
  return took;
}

/** Launches a second, with `atOnce` of them going on at any time. */
async function rate(one: () => Promise<number>, launches: number): Promise<number> {
  const began = performance.now();
  let next = 0;
  const worker = async () => {
    while (next++ < launches) await one();
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return (launches * 1000) / (performance.now() - began);
}

const memoryAvailable = () => Number(/MemAvailable: +(\d+)/.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]);

const alive: Sandbox[] = [];
const rows: Record<string, string | number>[] = [];
const memoryBefore = memoryAvailable();
for (const population of populations) {
  while (alive.length < population) alive.push(await start());
  const times: Record<'bare' | 'ours' | 'sized', number[]> = { bare: [], ours: [], sized: [] };
  await bare();
  await ours();
  for (let round = 0; round < rounds; round += 1) {
    times.bare.push(await bare());
    times.ours.push(await ours());
    if (size !== null) times.sized.push(await ours(size));
  }
  rows.push({
    alive: population,
    'bare recipe, median ms': median(times.bare),
    'portwrap, median ms': median(times.ours),
    'portwrap, p95 ms': percentile(times.ours, 95),
    ...(size === null ? {} : { 'with temporary files of 1 GB at most, median ms': median(times.sized) }),
    ratio: median(times.ours) / median(times.bare),
  });
}
const rates: Record<'bare' | 'ours', number[]> = { bare: [], ours: [] };
for (let round = 0; round < 4; round += 1) {
  rates.bare.push(await rate(bare, rounds));
  rates.ours.push(await rate(() => ours(), rounds));
}
const memory = alive.length === 0 ? null : (memoryBefore - memoryAvailable()) / alive.length / 1024;
await Promise.all(alive.map((sandbox) => sandbox.stop(0)));
report('launch', rows, {
  [`bare recipe, launches and ends a second, ${atOnce} at a time`]: median(rates.bare),
  [`portwrap, launches and ends a second, ${atOnce} at a time`]: median(rates.ours),
  ...(memory === null ? {} : { 'MB of memory per sandbox': memory }),
});
rmSync(directory, { recursive: true, force: true });
process.exit();
