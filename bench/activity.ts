// CPU time of the service for polling the activity of 300 servers, for servers with and without the Jupyter API,
// compared with the same requests made with fetch. Run: node bench/run.mjs activity
// SERVERS=300 SECONDS=20 choose other sizes. The servers are one small process: only our side is measured.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import type { Config } from '../config/load.ts';
import { createLogger } from '../config/logger.ts';
import { systemClock } from '../spawner/culling/clock.ts';
import { askJupyter } from '../spawner/culling/jupyter.ts';
import { createActivityWatch } from '../spawner/culling/watch.ts';
import type { Server } from '../spawner/servers/server.ts';
import { report } from './report.ts';

const count = Number(process.env.SERVERS ?? 300);
const seconds = Number(process.env.SECONDS ?? 20);
const interval = 120; // the default of service.activity_interval

const answering = `
const now = new Date().toISOString();
const json = (response, body) => response.end(JSON.stringify(body));
require('node:http').createServer((request, response) => {
  const [, kind, , api] = request.url.split('?')[0].split('/');
  const kernels = kind === 'busy' ? 2 : 0;
  if (kind === 'other') response.writeHead(404).end();
  else if (api === 'status') json(response, { started: now, last_activity: now, kernels, connections: 0 });
  else if (api === 'terminals') json(response, []);
  else json(response, ['a', 'b'].map((id) => ({ id, name: 'python3', execution_state: 'busy', last_activity: now, connections: 0 })));
}).listen(0, '127.0.0.1', function () { console.log(this.address().port); });`;
const child = spawn(process.execPath, ['-e', answering], { stdio: ['ignore', 'pipe', 'inherit'] });
const [said] = (await once(child.stdout, 'data')) as [Buffer];
const port = Number(said.toString());

type Ask = typeof askJupyter;
const withFetch: Ask = async (base) => {
  const get = async (path: string) =>
    (await fetch(base + path, { headers: { authorization: 'token x' } })).text();
  for (const path of ['api/status', 'api/kernels', 'api/terminals']) await get(path);
  return { kind: 'other' };
};

interface Measured {
  readonly looks: number;
  /** Milliseconds of CPU time, user and system. */
  readonly cpu: number;
}

/** The watch as the service runs it, on servers of one kind. */
async function measure(kind: string, ask: Ask, activityInterval: number): Promise<Measured> {
  const servers = Array.from({ length: count }, (_, index) => serverOf(kind, index));
  let looks = 0;
  const watch = createActivityWatch({
    servers: { list: () => servers },
    config: () => configWith(activityInterval),
    routes: { lastActivity: () => null },
    tokens: { of: () => 'token' },
    notes: { load: () => new Map(), save: async () => {} },
    clock: systemClock,
    log: createLogger('silent', 'bench'),
    ask(base, token) {
      looks += 1;
      return ask(base, token);
    },
  });
  watch.begin();
  await pause(activityInterval * 1000); // every server was polled once: lazy modules are loaded
  looks = 0;
  const began = process.cpuUsage();
  await pause(seconds * 1000);
  const { user, system } = process.cpuUsage(began);
  await watch.close();
  return { looks, cpu: (user + system) / 1000 };
}

function serverOf(kind: string, index: number): Server {
  const sandbox = { hostAddress: '127.0.0.1', hostPort: port };
  const record = { id: `${kind}${index}`, state: 'ready', route_prefix: `/${kind}/`, profile: 'default' };
  return { record: { ...record, sandbox, job: null, user: 'u', name: '' } } as unknown as Server;
}

function configWith(activityInterval: number): Config {
  const culling = {
    idle_timeout: 3600,
    max_age: null,
    cull_busy: false,
    cull_connected: false,
    warning: 300,
  };
  const profiles = [{ name: 'default', culling }];
  return { service: { activity_interval: activityInterval }, profiles, proxy: null } as unknown as Config;
}

const often = 2;
const cases: [string, string, Ask][] = [
  ['Jupyter, no kernel', 'idle', askJupyter],
  ['Jupyter, 2 kernels', 'busy', askJupyter],
  ['the same, with fetch', 'busy', withFetch],
  ['something else', 'other', askJupyter],
];
const rows: Record<string, string | number>[] = [];
for (const [name, kind, ask] of cases) {
  const { looks, cpu } = await measure(kind, ask, often);
  const each = cpu / looks;
  rows.push({
    'a look at': name,
    looks,
    'CPU ms a look': each,
    [`% of a core, ${count} servers every ${interval} s`]: (each * count) / interval / 10,
  });
}
child.kill();
report('activity', rows);
process.exit();
