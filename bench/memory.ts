// The memory of 1, 10 and 50 Jupyter servers at the same time, idle and after use, with preload and as commands. Use is
// what a browser does: the page, settings, files, and a kernel that ran and was shut down. Kernels are not counted.
// Run as root: PYTHON=/path/to/venv/bin/python node bench/run.mjs memory
// SERVERS=1,10 chooses other sizes. 50 servers as commands take 6 GB, and on 2 cores 5 minutes.
// Not here: how long starts take (preload.ts), what the service needs (spawn.ts).
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { memoryOf } from './hub/memory.ts';
import { ask, forkServerReady, startServer, stopServer, useServer } from './hub/requests.ts';
import { type HubSubject, python, startHub } from './hub/subjects.ts';
import { report } from './report.ts';

const sizes = (process.env.SERVERS ?? '1,10,50').split(',').map(Number);
/** So many are started and used at the same time. */
const atOnce = 5;
/** Below /opt: preload wants no directory that others can write. */
const directory = mkdtempSync('/opt/portwrap-bench-');
chmodSync(directory, 0o711); // homes below it must be reachable for their owners

const rows: Record<string, string | number>[] = [];
for (const [name, preload] of [
  ['preload', 'jupyter'],
  ['command', null],
] as const) {
  const hub = await startHub('PortwrapSpawner', ['jupyterhub-singleuser'], directory, { name, preload });
  try {
    if (preload !== null) await forkServerReady(hub);
    await measure(hub, name);
  } finally {
    await hub.stop();
  }
}
report('memory', rows, { python });
rmSync(directory, { recursive: true, force: true });
process.exit();

async function measure(hub: HubSubject, spawner: string): Promise<void> {
  for (const size of sizes) {
    const users = Array.from({ length: size }, (_, index) => `u${size}-${index}`);
    await inTurns(users, async (user) => {
      await ask(hub, 'POST', `/users/${user}`);
      await startServer(hub, user);
    });
    const idle = memoryOf(directory);
    await inTurns(users, (user) => useServer(hub, user));
    const used = memoryOf(directory);
    rows.push({
      ...{ spawner, servers: size },
      'private after the start, MB a server': idle.private / size,
      'private after use, MB a server': used.private / size,
      'PSS after the start, MB all together': idle.pss,
      'PSS after use, MB all together': used.pss,
    });
    await inTurns(users, (user) => stopServer(hub, user));
  }
}

async function inTurns(users: readonly string[], act: (user: string) => Promise<void>): Promise<void> {
  for (let next = 0; next < users.length; next += atOnce)
    await Promise.all(users.slice(next, next + atOnce).map(act));
}
