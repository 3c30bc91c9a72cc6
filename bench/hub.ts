// Time from a request to the hub until the hub reports ready, with a real JupyterHub: our spawner and JupyterHub's
// SimpleLocalProcessSpawner in alternation, for the smallest HTTP server and for a real single-user server.
// Run: node bench/run.mjs hub   ROUNDS=25 SINGLEUSER_ROUNDS=8 choose other numbers.
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ask, startServer, stopServer } from './hub/requests.ts';
import { type HubSubject, type SpawnerName, startHub } from './hub/subjects.ts';
import { cpuSeconds } from './process-use.ts';
import { median, percentile, report } from './report.ts';

const directory = mkdtempSync(join(tmpdir(), 'bench-hub-'));
chmodSync(directory, 0o711); // homes below it must be reachable for their owners
// the smallest server that a hub accepts, so that only the hub and its spawner are measured
const tiny = `
import os, socket
host, port = os.environ["JUPYTERHUB_SERVICE_URL"].split("/")[2].split(":")
listener = socket.create_server((host, int(port)), backlog=64)
while True:
    connection, _ = listener.accept()
    connection.recv(9999)
    connection.send(b"HTTP/1.0 200 OK\\r\\nX-JupyterHub-Version: 3.0.0\\r\\n\\r\\n")
    connection.close()
`;

const servers = [
  {
    name: 'minimal HTTP server',
    command: ['/usr/bin/python3', '-I', '-S', '-c', tiny],
    rounds: Number(process.env.ROUNDS ?? 25),
  },
  {
    name: 'jupyterhub-singleuser',
    command: ['jupyterhub-singleuser'],
    rounds: Number(process.env.SINGLEUSER_ROUNDS ?? 8),
  },
];
const spawners: readonly SpawnerName[] = ['PortwrapSpawner', 'SimpleLocalProcessSpawner'];

const rows: Record<string, string | number>[] = [];
for (const { name, command, rounds } of servers) {
  if (rounds === 0) continue;
  const below = join(directory, name.replaceAll(' ', '-'));
  mkdirSync(below, { mode: 0o711 });
  const hubs: HubSubject[] = [];
  const times = { PortwrapSpawner: [] as number[], SimpleLocalProcessSpawner: [] as number[] };
  const cpu = { PortwrapSpawner: 0, SimpleLocalProcessSpawner: 0 };
  try {
    for (const spawner of spawners) hubs.push(await startHub(spawner, command, below));
    for (let round = -1; round < rounds; round += 1) {
      for (const hub of round % 2 === 0 ? hubs : hubs.toReversed()) {
        const user = `user${round + 1}`;
        await ask(hub, 'POST', `/users/${user}`);
        const before = cpuSeconds([hub.hubPid]);
        const took = await startServer(hub, user);
        if (round >= 0) {
          times[hub.spawner].push(took); // the first one loads lazy modules
          cpu[hub.spawner] += cpuSeconds([hub.hubPid]) - before;
        }
        await stopServer(hub, user);
      }
    }
  } finally {
    for (const hub of hubs) await hub.stop();
  }
  const [ours, theirs] = spawners.map((spawner) => times[spawner]) as [number[], number[]];
  rows.push({
    server: name,
    rounds,
    'portwrap, median ms': median(ours),
    'portwrap, p95 ms': percentile(ours, 95),
    'SimpleLocalProcessSpawner, median ms': median(theirs),
    'SimpleLocalProcessSpawner, p95 ms': percentile(theirs, 95),
    ratio: median(ours) / median(theirs),
    'hub CPU, portwrap, ms a start': (cpu.PortwrapSpawner / rounds) * 1000,
    'hub CPU, SimpleLocalProcessSpawner, ms a start': (cpu.SimpleLocalProcessSpawner / rounds) * 1000,
  });
}
report('hub', rows);
if (process.env.KEEP === undefined) rmSync(directory, { recursive: true, force: true });
else console.log(`logs and states: ${directory}`);
process.exit();
