// A person at a JupyterHub, without a browser: logs in, starts and stops servers, and drives a
// kernel through the public proxy with @jupyterlab/services.
import { openKernel, type SmokeKernel } from '../../spawner/commands/smoke-kernel.ts';

export interface HubUser {
  readonly name: string;
  /** Presses the start button and waits until the hub says ready; resolves with the messages shown meanwhile. */
  startServer(): Promise<string[]>;
  stopServer(): Promise<void>;
  /** The hub's own view: the default server, or undefined when there is none. */
  server(): Promise<{ ready: boolean; pending: string | null; url: string } | undefined>;
  /** A request as this user, through the proxy. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** A fresh Python kernel in the user's server, over the proxy's WebSocket. */
  openKernel(): Promise<KernelSession>;
}

export type KernelSession = SmokeKernel;

/** Logs in at `hubUrl` (the public one, such as http://127.0.0.1:8000). */
export async function logIn(hubUrl: string, name: string, password: string): Promise<HubUser> {
  await submitForm(hubUrl, name, password); // the first login makes the user
  const token = await mintToken(hubUrl, name, password);
  const call = (path: string, init: RequestInit = {}) =>
    fetch(`${hubUrl}${path}`, {
      ...init,
      headers: { authorization: `token ${token}`, ...(init.headers as Record<string, string> | undefined) },
    });
  const expectStatus = async (response: Response, ...statuses: number[]) => {
    if (statuses.includes(response.status)) return response;
    throw new Error(`${response.url} answered ${response.status}: ${await response.text()}`);
  };
  const server = async () => {
    const user = await (await expectStatus(await call(`/hub/api/users/${name}`), 200)).json();
    return (user as { servers: Record<string, { ready: boolean; pending: string | null; url: string }> })
      .servers[''];
  };
  return {
    name,
    server,
    fetch: call,
    async startServer() {
      await expectStatus(await call(`/hub/api/users/${name}/server`, { method: 'POST' }), 201, 202);
      const progress = await expectStatus(await call(`/hub/api/users/${name}/server/progress`), 200);
      const events = (await progress.text())
        .split('\n')
        .filter((line) => line.startsWith('data: '))
        .map((line) => JSON.parse(line.slice(6)) as { message: string; ready?: boolean });
      if (events.at(-1)?.ready !== true) throw new Error(`not ready: ${JSON.stringify(events)}`);
      return events.map(({ message }) => message);
    },
    async stopServer() {
      const response = await call(`/hub/api/users/${name}/server`, { method: 'DELETE' });
      await expectStatus(response, 204);
    },
    openKernel: () => openKernel(`${hubUrl}/user/${encodeURIComponent(name)}/`, token),
  };
}

async function submitForm(hubUrl: string, username: string, password: string): Promise<void> {
  const body = new URLSearchParams({ username, password });
  const response = await fetch(`${hubUrl}/hub/login`, { method: 'POST', redirect: 'manual', body });
  if (response.status !== 302) throw new Error(`${username} could not log in: ${response.status}`);
}

/** The hub takes name and password for a token (POST /users/{name}/tokens with "auth"). */
async function mintToken(hubUrl: string, name: string, password: string): Promise<string> {
  const response = await fetch(`${hubUrl}/hub/api/users/${name}/tokens`, {
    method: 'POST',
    body: JSON.stringify({ note: 'test', auth: { username: name, password } }),
  });
  if (!response.ok) throw new Error(`${name} could not log in: ${response.status} ${await response.text()}`);
  return ((await response.json()) as { token: string }).token;
}
