// A plugin that does not fit the service, at a real hub in a real browser. Plugin and service are the real ones; only the
// number of the protocol that the plugin says is a FAKE, by the name of the user.
import { mkdirSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../support/browser/browser-session.ts';
import { startTestHub, type TestHub } from '../support/hub/test-hub.ts';

const results = new URL('../../test-results/', import.meta.url).pathname;
const profile = `
  - name: web
    command: [python3, -m, http.server, '{guest-port}']
    ready_path: /
    stop_timeout: 1
`;
const fakeNumbers = `
import portwrap_spawner.service.client

def say_another(spawner):
    portwrap_spawner.service.client.PROTOCOL = {"alice": 2, "bob": 0}.get(spawner.user.name, 1)

c.Spawner.pre_spawn_hook = say_another
`;

let hub: TestHub;
let browser: Browser;

beforeAll(async () => {
  mkdirSync(results, { recursive: true });
  hub = await startTestHub(profile, fakeNumbers);
  browser = await launchBrowser();
}, 240_000);
afterAll(async () => {
  await browser?.close();
  await hub?.dispose();
}, 60_000);

/** What a person sees who logs in: with one profile the server is started at once. */
async function pageAfterLogin(name: string): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 420, height: 800 } });
  await page.goto(`${hub.url}/hub/login`);
  await page.getByLabel('Username').fill(name);
  await page.getByLabel('Password').fill(hub.password);
  await page.getByRole('button', { name: 'Sign In' }).click();
  await page.waitForURL(/\/hub\/spawn/);
  return page;
}

test.each([
  ['alice', 'newer', 2, 'service'],
  ['bob', 'older', 0, 'plugin'],
])(
  '%s reads that the plugin is %s, and what an administrator must upgrade',
  async (name, which, number, what) => {
    const page = await pageAfterLogin(name);
    // at once on the hub's error page, or, where that took longer than a second, on its pending page
    const reason = `The hub's plugin is ${which} than the spawner service: it speaks protocol ${number}, the service 1.`;
    await page.getByText(reason).first().waitFor({ timeout: 60_000 });
    const text = await page.locator('body').textContent();
    expect(text).toContain(`An administrator must upgrade the ${what}. Servers that run are not affected.`);
    expect(text).toContain('PROTOCOL_UNSUPPORTED');
    await page.screenshot({ path: `${results}version-${which}.png`, fullPage: true });
    expect(hub.logged()).toContain(`The hub's plugin is ${which} than the spawner service`);
    expect((await hub.service.call('GET', `/users/${name}/server`)).status).toBe(404);
  },
);

test('a server that runs is found and stopped by a plugin that was upgraded too early', async () => {
  expect((await hub.api('POST', '/users/carol/server')).status).toBeLessThan(300);
  await expect
    .poll(async () => (await hub.service.call('GET', '/users/carol/server')).body.state)
    .toBe('ready');
  await hub.api('POST', '/users/alice/server'); // from here on the plugin says 2
  const { body } = await hub.api('GET', '/users/carol');
  expect(body.server).not.toBeNull();
  await hub.stopServer('carol');
  expect((await hub.service.call('GET', '/users/carol/server')).status).toBe(404);
});
