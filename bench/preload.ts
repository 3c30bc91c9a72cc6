// What preload wins: time from a request to a hub until it reports ready, for one and for many starts at once, and the
// memory of the servers; our spawner with and without preload, and JupyterHub's SimpleLocalProcessSpawner, which starts a
// process on the host. Run as root: PYTHON=/path/to/venv/bin/python node bench/run.mjs preload
// AT_ONCE=1,8,20 choose other sizes. It takes at most 6 minutes on a quiet machine with 2 cores.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { memoryOf } from './hub/memory.ts';
import { ask, forkServerReady, startServer, stopServer } from './hub/requests.ts';
import { type HubSubject, python, startHub } from './hub/subjects.ts';
import { median, percentile, report } from './report.ts';

const sizes = (process.env.AT_ONCE ?? '1,8,20').split(',').map(Number);
/** Below /opt: preload wants no directory that others can write. */
const directory = mkdtempSync('/opt/portwrap-bench-');
chmodSync(directory, 0o711); // homes below it must be reachable for their owners
const command = ['jupyterhub-singleuser'];

const subjects = [
  { name: 'portwrap, preload', start: () => ours('preload', 'jupyter') },
  { name: 'portwrap, command', start: () => ours('command', null) },
  {
    name: 'SimpleLocalProcessSpawner',
    start: () => startHub('SimpleLocalProcessSpawner', command, directory),
  },
];

function ours(name: string, preload: string | null): Promise<HubSubject> {
  return startHub('PortwrapSpawner', command, directory, { name, preload });
}

const rows: Record<string, string | number>[] = [];
for (const subject of subjects) {
  const hub = await subject.start();
  try {
    if (subject.name === 'portwrap, preload') await forkServerReady(hub);
    await measureOne(hub, 'first'); // the hub loads modules
    for (const size of sizes) rows.push({ spawner: subject.name, ...(await measure(hub, size)) });
  } finally {
    await hub.stop();
  }
}
report('preload', rows, { python });
rmSync(directory, { recursive: true, force: true });
process.exit();

async function measure(hub: HubSubject, size: number): Promise<Record<string, string | number>> {
  const rounds = size === 1 ? 5 : 1;
  const times: number[] = [];
  let all = 0;
  let memory = { private: 0, pss: 0 };
  for (let round = 0; round < rounds; round += 1) {
    const users = Array.from({ length: size }, (_, index) => `u${size}-${round}-${index}`);
    for (const user of users) await ask(hub, 'POST', `/users/${user}`);
    const began = performance.now();
    times.push(...(await Promise.all(users.map((user) => startServer(hub, user)))));
    all = performance.now() - began;
    memory = memoryOf(directory);
    await Promise.all(users.map((user) => stopServer(hub, user)));
  }
  return {
    'at once': size,
    'ready p50, ms': median(times),
    'ready p95, ms': percentile(times, 95),
    'all ready, ms': size === 1 ? median(times) : all,
    'private, MB a server': memory.private / size,
    'PSS, MB all together': memory.pss,
  };
}

async function measureOne(hub: HubSubject, user: string): Promise<void> {
  await ask(hub, 'POST', `/users/${user}`);
  await startServer(hub, user);
  await stopServer(hub, user);
}
