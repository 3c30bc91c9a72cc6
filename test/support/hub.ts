// A real JupyterHub under test, with our plugin, on a port that was chosen before. Not here: the service and the
// proxy that it uses, which are started first.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { vi } from 'vitest';
import type { TestProxy } from './proxy.ts';
import { hubToken } from './service.ts';

const plugin = new URL('../../hub', import.meta.url).pathname;
const apiToken = 'test-hub-api-token-0123456789';

export interface TestHub {
  /** A request of its REST API, with all rights. */
  call(method: string, path: string): Promise<{ status: number; body: Record<string, unknown> }>;
  stop(): Promise<void>;
}

export interface HubInput {
  readonly directory: string;
  readonly port: number;
  readonly proxy: TestProxy;
  readonly serviceUrl: string;
  /** A token with the scopes list:users and read:servers and no other. */
  readonly reaperToken: string;
}

/** Resolves when it answers. */
export async function startHub(input: HubInput): Promise<TestHub> {
  const { directory, port } = input;
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'jupyterhub_config.py'), configuration(input), { mode: 0o600 });
  const child: ChildProcess = spawn('/usr/bin/python3', ['-m', 'jupyterhub'], {
    cwd: directory,
    env: {
      PATH: '/usr/bin:/bin',
      HOME: directory,
      PYTHONPATH: plugin,
      PYTHONDONTWRITEBYTECODE: '1',
      PORTWRAP_SERVICE_TOKEN: hubToken,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr?.on('data', (chunk) => (said += chunk));
  const api = `http://127.0.0.1:${port}/hub/api`;
  const answers = async () => {
    if (child.exitCode !== null) throw new Error(`the hub has ended: ${said}`);
    return (await fetch(`${api}/`).catch(() => null))?.ok === true;
  };
  await vi.waitUntil(answers, { timeout: 60_000, interval: 100 });
  return {
    async call(method, path) {
      const answer = await fetch(api + path, { method, headers: { authorization: `token ${apiToken}` } });
      const text = await answer.text();
      return { status: answer.status, body: text === '' ? {} : JSON.parse(text) };
    },
    async stop() {
      child.kill('SIGTERM');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}

function configuration({ port, proxy, serviceUrl, reaperToken }: HubInput): string {
  return `
c.JupyterHub.bind_url = ${JSON.stringify(`${proxy.url}/`)}
c.JupyterHub.hub_bind_url = "http://127.0.0.1:${port}/"
c.JupyterHub.db_url = "sqlite:///jupyterhub.sqlite"
c.JupyterHub.allow_named_servers = True
c.JupyterHub.cleanup_servers = False
c.ConfigurableHTTPProxy.should_start = False
c.ConfigurableHTTPProxy.api_url = ${JSON.stringify(proxy.apiUrl)}
c.ConfigurableHTTPProxy.auth_token = ${JSON.stringify(proxy.token)}
c.JupyterHub.spawner_class = "portwrap_spawner.PortwrapSpawner"
c.PortwrapSpawner.service_url = ${JSON.stringify(serviceUrl)}
c.Spawner.environment = {"JUPYTERHUB_SINGLEUSER_APP": "notebook.notebookapp.NotebookApp"}
c.JupyterHub.authenticator_class = "dummy"
c.JupyterHub.services = [
    {"name": "test", "api_token": "${apiToken}"},
    {"name": "reaper", "api_token": ${JSON.stringify(reaperToken)}},
]
c.JupyterHub.load_roles = [
    {"name": "test", "services": ["test"], "scopes": ["admin:users", "admin:servers"]},
    {"name": "reaper", "services": ["reaper"], "scopes": ["list:users", "read:servers"]},
]
`;
}
