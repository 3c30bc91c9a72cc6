// What a user does at a hub, over its REST API, and how long that takes.
// Not here: the hubs (subjects.ts).
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { apiToken, type HubSubject } from './subjects.ts';

/** Milliseconds from the request to the hub's "ready". */
export async function startServer(hub: HubSubject, user: string): Promise<number> {
  const began = performance.now();
  await ask(hub, 'POST', `/users/${user}/server`);
  const events = await ask(hub, 'GET', `/users/${user}/server/progress`); // ends with the last event
  const took = performance.now() - began;
  if (!events.includes('"ready": true')) throw new Error(`${hub.spawner}: ${events}`);
  return took;
}

export async function stopServer(hub: HubSubject, user: string): Promise<void> {
  await ask(hub, 'DELETE', `/users/${user}/server`);
  while ((await ask(hub, 'GET', `/users/${user}`)).includes('"pending": "stop"')) await pause(50);
}

/** What JupyterLab's page asks for, and a kernel that starts and is shut down. */
export async function useServer(hub: HubSubject, user: string): Promise<void> {
  const of = async (method: string, path: string, body?: object) => {
    const response = await fetch(`${hub.page}/user/${user}/${path}`, {
      method,
      headers: { authorization: `token ${apiToken}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text;
  };
  for (const path of ['lab', 'lab/api/settings', 'api/contents', 'api/kernelspecs', 'api/sessions'])
    await of('GET', path);
  const { id } = JSON.parse(await of('POST', 'api/kernels', {})) as { id: string };
  // the server learns the state of a kernel by talking to it for somebody
  const channels = new WebSocket(
    `${hub.page.replace('http', 'ws')}/user/${user}/api/kernels/${id}/channels`,
    {
      headers: { authorization: `token ${apiToken}` },
    },
  );
  await once(channels, 'open');
  while (!(await of('GET', `api/kernels/${id}`)).includes('"idle"')) await pause(200);
  channels.terminate();
  await of('DELETE', `api/kernels/${id}`);
}

export async function ask(hub: HubSubject, method: string, path: string): Promise<string> {
  const response = await fetch(`${hub.api}${path}`, {
    method,
    headers: { authorization: `token ${apiToken}` },
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text;
}

export async function forkServerReady(hub: HubSubject): Promise<void> {
  while (!readFileSync(hub.serviceLog, 'utf8').includes('the fork server is ready')) await pause(200);
}
