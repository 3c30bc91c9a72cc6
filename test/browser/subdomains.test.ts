// The admin page and users' servers with c.JupyterHub.subdomain_host, at a real hub in a real browser: hub, services
// and users each have a host of their own below hub.localhost, which the browser resolves by itself.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser, openSignedIn } from '../support/browser/browser-session.ts';
import { startTestHub, type TestHub } from '../support/hub/test-hub.ts';

let hub: TestHub;
let browser: Browser;
let admin: Page;
let alice: Page;
let list: string;
/** `alice.hub.localhost:PORT` and the like. */
let on: (label: string) => string;

beforeAll(async () => {
  const notebook =
    'c.Spawner.environment = {"JUPYTERHUB_SINGLEUSER_APP": "notebook.notebookapp.NotebookApp"}\n';
  hub = await startTestHub('  - name: default\n', notebook, { subdomains: 'hub.localhost', withPage: true });
  on = (label) => hub.url.replace('//', `//${label}.`);
  list = `${on('services')}/services/portwrap/`;
  browser = await launchBrowser();
  admin = await openSignedIn(browser, list, { name: 'admin', password: hub.password });
}, 240_000);
afterAll(async () => {
  await browser?.close();
  await hub?.dispose();
}, 60_000);

test('signing in at the host of the hub leads back to the page, at the host of the services', async () => {
  expect(await admin.getByRole('heading', { level: 1 }).textContent()).toBe('Servers');
  expect(await admin.locator('.who').textContent()).toContain('administrator');
  expect(await admin.getByRole('link', { name: 'To the hub' }).getAttribute('href')).toBe(
    `${hub.url}/hub/home`,
  );
});

test("the session's cookie is for the page's host and path alone", async () => {
  const cookies = await admin.context().cookies();
  expect(cookies.find(({ name }) => name === 'portwrap-page')).toMatchObject({
    ...{ domain: 'services.hub.localhost', path: '/services/portwrap/', httpOnly: true, sameSite: 'Lax' },
  });
});

test("a user's server answers at the user's own host, by the one route that hub and service agree on", async () => {
  expect((await hub.api('POST', '/users/alice/server')).status).toBeLessThan(300);
  await admin.getByRole('link', { name: 'alice' }).waitFor({ timeout: 30_000 });
  await expect.poll(async () => (await hub.api('GET', '/users/alice')).body.server).not.toBeNull();
  alice = await openSignedIn(browser, `${on('alice')}/user/alice/tree`, {
    name: 'alice',
    password: hub.password,
  });
  expect(await alice.title()).toMatch(/^Home/);
  const routes = await hub.routes();
  expect(Object.keys(routes).filter((route) => route.includes('alice'))).toEqual([
    '/alice.hub.localhost/user/alice',
  ]);
  expect(routes['/alice.hub.localhost/user/alice']).toMatchObject({ jupyterhub: true, user: 'alice' });
});

test("a script of a user's page reads nothing of the admin page, which is on another origin", async () => {
  expect(new URL(alice.url()).host).toMatch(/^alice\./);
  const fetched = await alice.evaluate<string>(
    `fetch('${list}', { credentials: 'include' }).then((answer) => answer.text(), (error) => error.name)`,
  );
  expect(fetched).toBe('TypeError');
});

test('a server is stopped by the button, which a form of the page sends', async () => {
  await admin.goto(list);
  await admin.getByRole('link', { name: 'alice' }).click();
  await admin.getByRole('button', { name: 'Stop server' }).click();
  await admin.getByText('the server was stopped by an administrator').first().waitFor();
});

test('signing out goes on to the logout of the hub, at its own host', async () => {
  await admin.getByRole('button', { name: 'Sign out' }).click();
  await admin.waitForURL(/^http:\/\/hub\.localhost:\d+\/hub\/(?:login|logout)/);
  await admin.goto(list);
  await admin.getByLabel('Username').waitFor();
});

test("the hub's logout signs out here at once", async () => {
  const bob = await openSignedIn(browser, list, { name: 'bob', password: hub.password });
  await bob.goto(`${hub.url}/hub/logout`);
  await bob.goto(list);
  await bob.getByLabel('Username').waitFor();
});
