// A person at a JupyterHub, without a browser: logs in, starts and stops servers, and drives a
// kernel through the public proxy with @jupyterlab/services.
import { openKernel, type SmokeKernel } from '../../../spawner/commands/smoke-kernel.ts';
import { HubBrowser } from '../browser/hub-browser.ts';
import { navigate } from '../browser/navigate.ts';

export interface HubUser {
  readonly name: string;
  /** Presses the start button and waits until the hub reports ready; resolves with the messages shown meanwhile. */
  startServer(): Promise<string[]>;
  stopServer(): Promise<void>;
  /** The hub's own view: the default server, or undefined if none exists. */
  server(): Promise<{ ready: boolean; pending: string | null; url: string } | undefined>;
  /** A request as this user, through the proxy. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /**
   * A PUT over a connection of its own; resolves with the status. fetch() would take one that it has: while it prepares
   * a large body on a busy machine, it does not notice that the proxy closes that one as idle.
   */
  put(path: string, body: string): Promise<number>;
  /** A fresh Python kernel in the server of that owner, by default the user's own, over the proxy's WebSocket. */
  openKernel(owner?: string): Promise<KernelSession>;
}

export type KernelSession = SmokeKernel;

/** Logs in at `hubUrl` (the public one, such as http://127.0.0.1:8000). */
export async function logIn(hubUrl: string, name: string, password: string): Promise<HubUser> {
  const browser = new HubBrowser(hubUrl);
  await browser.logIn(name, password); // the first login makes the user
  const token = await mintToken(browser, name);
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
    async put(path, body) {
      const headers = { authorization: `token ${token}` };
      return (await navigate(new URL(path, hubUrl), { method: 'PUT', headers, body })).status;
    },
    openKernel: (owner = name) => openKernel(`${hubUrl}/user/${encodeURIComponent(owner)}/`, token),
  };
}

/** As on the hub's page for tokens. */
async function mintToken(browser: HubBrowser, name: string): Promise<string> {
  const { status, text } = await browser.api('POST', `/users/${name}/tokens`, { note: 'test' });
  if (status >= 300) throw new Error(`${name} got no token: ${status} ${text}`);
  return (JSON.parse(text) as { token: string }).token;
}
