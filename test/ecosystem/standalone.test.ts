// Streamlit as the server of a user: it knows no hub, and jupyter-standaloneproxy in front of it asks for the hub's
// login. The profile is the one of docs/applications.md. Not here: beside Jupyter (dashboards.test.ts).
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { launchBrowser, openSignedIn } from '../support/browser/browser-session.ts';
import { hubPython } from '../support/hub/hub-process.ts';
import { type HubUser, logIn } from '../support/hub/hub-user.ts';
import { startTestHub, type TestHub } from '../support/hub/test-hub.ts';

/** The profile of the page as JSON, which is YAML too; Streamlit's own demo in place of somebody's dashboard. */
function profileOfPage(): string {
  const page = readFileSync('docs/applications.md', 'utf8');
  const block = /```yaml\n((?:(?!```).)*name: streamlit.*?)```/s.exec(page)?.[1] ?? '';
  const here = block
    .replace(/- run\n\s*- \/opt\/apps\/dashboard\.py/, '- hello')
    .replace('/opt/jupyter/bin', dirname(hubPython));
  const { profiles } = parse(here) as { profiles: object[] };
  return `  - ${JSON.stringify({ ...profiles[0], ready_timeout: 120, stop_timeout: 5 })}\n`;
}

let hub: TestHub;
let browser: Browser;
let alice: HubUser;

beforeAll(async () => {
  hub = await startTestHub(profileOfPage());
  browser = await launchBrowser();
  alice = await logIn(hub.url, 'alice', hub.password);
  await alice.startServer();
});
afterAll(async () => {
  await browser?.close();
  await hub?.dispose();
});

test('its user signs in at the hub and sees the application, over its WebSocket', async () => {
  const person = { name: 'alice', password: hub.password };
  const page = await openSignedIn(browser, `${hub.url}/user/alice/`, person);
  const heading = page.getByRole('heading', { name: 'Welcome to Streamlit!' });
  await heading.waitFor({ timeout: 120_000 });
  expect(await heading.isVisible()).toBe(true);
});

test('nobody else sees it', async () => {
  const bob = await logIn(hub.url, 'bob', hub.password);
  for (const path of ['/user/alice/', '/user/alice/_stcore/health'])
    expect((await bob.fetch(path, { redirect: 'manual' })).status, path).toBe(403);
  const anonymous = await fetch(`${hub.url}/user/alice/`, { redirect: 'manual' });
  expect([anonymous.status, anonymous.headers.get('location')]).toEqual([
    302,
    expect.stringContaining('/hub/api/oauth2/authorize'),
  ]);
});
