// The hubs that bench/hub.ts and bench/preload.ts compare: the same JupyterHub with the same authenticator, proxy and server
// command, with our spawner and with JupyterHub's own. Not here: measuring.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, openSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

export type SpawnerName = 'PortwrapSpawner' | 'SimpleLocalProcessSpawner';

export interface HubSubject {
  readonly spawner: SpawnerName;
  /** Of the hub's REST API. */
  readonly api: string;
  /** Where browsers reach it. */
  readonly page: string;
  readonly hubPid: number;
  readonly servicePid: number | null;
  /** The log of our service. */
  readonly serviceLog: string;
  stop(): Promise<void>;
}

export const apiToken = 'bench-api-token-0123456789';
const proxyToken = 'bench-proxy-token-0123456789';
const serviceToken = 'bench-service-token-0123456789';
export const python = process.env.PYTHON ?? '/usr/bin/python3';
const path = [dirname(python), '/usr/local/bin', '/usr/bin', '/bin'];
const asRoot = process.getuid?.() === 0;
const json = JSON.stringify;

export interface HubOptions {
  readonly preload?: string | null;
  readonly name?: string;
  /** Seconds until the hub answers a start that takes longer; 0: at once, and its progress tells the rest. */
  readonly slowSpawnTimeout?: number;
}

/** `command` is the server of a user: it listens at JUPYTERHUB_SERVICE_URL. */
export async function startHub(
  spawner: SpawnerName,
  command: readonly string[],
  below: string,
  options: HubOptions = {},
): Promise<HubSubject> {
  const { preload = null, name = spawner, slowSpawnTimeout = 0 } = options;
  const directory = join(below, name);
  mkdirSync(directory, { mode: 0o711 });
  const [hub = 0, publicPort = 0, proxyApi = 0, service = 0] = await freePorts(4);
  const children: ChildProcess[] = [];
  const start = (name: string, argv: readonly string[], env: Record<string, string>, cwd = directory) => {
    const log = openSync(join(directory, `${name}.log`), 'a');
    const [file = '', ...rest] = argv;
    const child = spawn(file, rest, {
      cwd,
      env: { PATH: path.join(':'), ...env },
      stdio: ['ignore', log, log],
    });
    children.push(child);
    return child;
  };

  const ours = (program: string) => [process.execPath, join(import.meta.dirname, `../../${program}/main.js`)];
  const local = (port: number) => `http://127.0.0.1:${port}`;
  const proxy = start(
    'proxy',
    [
      ...ours('proxy'),
      ...[
        '--ip',
        '127.0.0.1',
        '--port',
        `${publicPort}`,
        '--api-ip',
        '127.0.0.1',
        '--api-port',
        `${proxyApi}`,
      ],
      ...['--default-target', local(hub)],
    ],
    { CONFIGPROXY_AUTH_TOKEN: proxyToken },
  );
  await answers(`${local(proxyApi)}/api/routes`, proxy, { authorization: `token ${proxyToken}` });

  let servicePid: number | null = null;
  if (spawner === 'PortwrapSpawner') {
    writeFileSync(join(directory, 'service.yaml'), serviceConfig(directory, service, hub, proxyApi, preload));
    const child = start('service', [...ours('spawner'), 'serve', '--config', 'service.yaml'], {
      SERVICE_TOKEN: serviceToken,
      PROXY_TOKEN: proxyToken,
    });
    servicePid = child.pid ?? null;
    await answers(`${local(service)}/api/health`, child);
  }

  writeFileSync(
    join(directory, 'jupyterhub_config.py'),
    hubConfig({ spawner, command, directory, hub, publicPort, proxyApi, service, slowSpawnTimeout }),
  );
  const child = start('hub', [python, '-m', 'jupyterhub', '--config', 'jupyterhub_config.py'], {
    PYTHONPATH: join(import.meta.dirname, '../../../hub'),
    PYTHONDONTWRITEBYTECODE: '1',
    CONFIGPROXY_AUTH_TOKEN: proxyToken,
    PORTWRAP_SERVICE_TOKEN: serviceToken,
  });
  await answers(`${local(hub)}/hub/health`, child);
  return {
    spawner,
    api: `${local(hub)}/hub/api`,
    page: local(publicPort),
    hubPid: child.pid ?? 0,
    servicePid,
    serviceLog: join(directory, 'service.log'),
    async stop() {
      for (const running of children.reverse()) {
        if (running.exitCode !== null || running.signalCode !== null) continue;
        running.kill('SIGTERM');
        await once(running, 'exit');
      }
    },
  };
}

function serviceConfig(
  directory: string,
  port: number,
  hub: number,
  proxyApi: number,
  preload: string | null,
): string {
  return json({
    service: { listen: `127.0.0.1:${port}`, state_dir: join(directory, 'state'), stop_servers_on_exit: true },
    hubs: [{ name: 'bench', token_env: 'SERVICE_TOKEN', api_url: `http://127.0.0.1:${hub}/hub/api` }],
    proxy: { api_url: `http://127.0.0.1:${proxyApi}`, token_env: 'PROXY_TOKEN' },
    accounts: { mode: asRoot ? 'dynamic' : 'service', home: join(directory, 'homes/{username}') },
    ports: { range: '21000-22999' },
    profiles: [{ name: 'bench', path, preload, ready_timeout: 110 }],
  });
}

interface HubConfigInput {
  readonly spawner: SpawnerName;
  readonly command: readonly string[];
  readonly directory: string;
  readonly hub: number;
  readonly publicPort: number;
  readonly proxyApi: number;
  readonly service: number;
  readonly slowSpawnTimeout: number;
}

function hubConfig(input: HubConfigInput): string {
  const { spawner, command, directory, hub, publicPort, proxyApi, service } = input;
  const own =
    spawner === 'PortwrapSpawner'
      ? `
c.JupyterHub.spawner_class = "portwrap_spawner.PortwrapSpawner"
c.PortwrapSpawner.service_url = "http://127.0.0.1:${service}"`
      : `
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = ${json(join(directory, 'homes', '{username}'))}
${asRoot ? '# it starts servers as the account of the hub, which Jupyter must be told to accept\nc.Spawner.args = ["--allow-root"]' : ''}`;
  return `
import importlib.util

c.JupyterHub.bind_url = "http://127.0.0.1:${publicPort}/"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:${hub}/"
c.JupyterHub.db_url = "sqlite:///hub.sqlite"
c.JupyterHub.cookie_secret_file = ${json(join(directory, 'cookie-secret'))}
c.JupyterHub.cleanup_servers = True
c.ConfigurableHTTPProxy.should_start = False
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:${proxyApi}"
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.services = [{"name": "bench", "admin": True, "api_token": "${apiToken}"}]
c.JupyterHub.tornado_settings = {"slow_spawn_timeout": ${input.slowSpawnTimeout}}
c.Spawner.cmd = ${json(command)}
c.Spawner.start_timeout = c.Spawner.http_timeout = 120
if importlib.util.find_spec("jupyterlab") is None:
    c.Spawner.environment = {"JUPYTERHUB_SINGLEUSER_APP": "notebook.notebookapp.NotebookApp"}
${own}
`;
}

async function answers(
  url: string,
  child: ChildProcess,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  for (let tries = 0; tries < 600 && child.exitCode === null; tries += 1) {
    const ok = await fetch(url, { headers }).then(
      (response) => response.ok,
      () => false,
    );
    if (ok) return;
    await pause(100);
  }
  throw new Error(`${url} does not answer`);
}

/** All are bound together before they are released, so that they differ. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  const ports: number[] = [];
  for (const server of servers) {
    if (!server.listening) await once(server, 'listening');
    ports.push((server.address() as { port: number }).port);
  }
  for (const server of servers) {
    server.close();
    await once(server, 'close');
  }
  return ports;
}
