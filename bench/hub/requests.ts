// What a user does at a hub, over its REST API, and how long that takes.
// Not here: the hubs (subjects.ts).
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
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
