// A Jupyter server of the machine in a sandbox of the service, used as a browser does: kernels, cells,
// terminals. Not here: the service (service.ts).
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { expect } from 'vitest';
import { WebSocket } from 'ws';

export const jupyterToken = 'test-jupyter-token-0123456789';

/** The fields of a start request for a Jupyter server at that route. */
export function jupyterRequest(spawnId: string, prefix: string, profile: string) {
  const options = [`base_url=${prefix}`, 'port={guest-port}', 'ip=0.0.0.0'];
  return {
    ...{ spawn_id: spawnId, route_prefix: prefix, profile },
    command: ['/usr/bin/python3', '-m', 'jupyter_server', '--no-browser'],
    args: options.map((option) => `--ServerApp.${option}`),
    env: { JUPYTER_TOKEN: jupyterToken, PATH: '/usr/bin:/bin' },
  };
}

const patience = { timeout: 25_000, interval: 50 };

export interface Browser {
  startKernel(): Promise<string>;
  startTerminal(): Promise<void>;
  /** Connects to a kernel; the connection is one that Jupyter counts. */
  connect(kernel: string): Promise<Connection>;
}

export interface Connection {
  /** Settles when the kernel is busy with the cell. */
  begin(code: string): Promise<void>;
  close(): Promise<void>;
}

/** `base` is the URL of the server with its prefix. */
export function browse(base: string): Browser {
  const headers = { authorization: `token ${jupyterToken}` };
  const post = async (path: string) => {
    const answer = await fetch(`${base}${path}`, { method: 'POST', headers, body: '{}' });
    if (!answer.ok) throw new Error(`${path} was answered with ${answer.status}`);
    return (await answer.json()) as { id: string };
  };
  const stateOf = async (kernel: string) => {
    const answer = await fetch(`${base}api/kernels/${kernel}?no_track_activity=1`, { headers });
    return ((await answer.json()) as { execution_state: string }).execution_state;
  };
  return {
    startKernel: async () => (await post('api/kernels')).id,
    startTerminal: async () => void (await post('api/terminals')),
    async connect(kernel) {
      const socket = new WebSocket(`${base.replace(/^http/, 'ws')}api/kernels/${kernel}/channels`, {
        headers,
      });
      await once(socket, 'open');
      return {
        async begin(code) {
          // Jupyter can miss the first status message of a kernel, and then waits for the next one
          const ask = () => {
            socket.send(message('kernel_info_request', {}));
            return stateOf(kernel);
          };
          await expect.poll(ask, patience).toBe('idle');
          socket.send(message('execute_request', cell(code)));
          await expect.poll(() => stateOf(kernel), patience).toBe('busy');
        },
        async close() {
          socket.close();
          await once(socket, 'close');
        },
      };
    },
  };
}

/** https://jupyter-client.readthedocs.io/en/stable/messaging.html */
function message(type: string, content: object): string {
  const header = {
    ...{ msg_id: randomUUID(), msg_type: type, session: randomUUID(), version: '5.3' },
    ...{ username: '', date: new Date().toISOString() },
  };
  return JSON.stringify({ header, parent_header: {}, metadata: {}, content, channel: 'shell', buffers: [] });
}

function cell(code: string) {
  return { code, silent: false, store_history: false, user_expressions: {}, allow_stdin: false };
}
