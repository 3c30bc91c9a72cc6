// The hosts of ports below a domain that is not the hub's (port_links.domain), at a real hub in a real browser: the way there
// from the page that the progress of a start names, and cookies, which the two domains cannot set for each other.
// Not here: hosts of ports below the hub's own domain (port-hosts.test.ts).
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { certificates } from '../integration/proxy/support/certificates.ts';
import { launchBrowser, openSignedIn } from '../support/browser/browser-session.ts';
import { hubMajor } from '../support/hub/hub-process.ts';
import { startTestHub, type TestHub } from '../support/hub/test-hub.ts';

const script = readFileSync(new URL('../fixtures/hub/ports.mjs', import.meta.url), 'utf8');
/** It serves as soon as a file in the home says so. */
const held = 'while [ ! -e "$HOME/serve" ]; do sleep 0.1; done; exec "$@"';
const command = ['sh', '-c', held, 'sh', process.execPath, '--input-type=module', '-e', script];
const profiles = `  - {name: open, command: ${JSON.stringify(command)}, ready_path: /, stop_timeout: 1}\n`;
const authority = certificates();
const names = ['hub.localhost', '*.hub.localhost', '*.ports.localhost'];

let hub: TestHub;
let browser: Browser;
let tab: Page;
/** Of the start. */
let events: string;
/** `9000--alice.ports.localhost:PORT`. */
let port: string;
beforeAll(async () => {
  const tls = authority.issue('hub', names.map((name) => `DNS:${name}`).join());
  hub = await startTestHub(profiles, '', {
    ...{ subdomains: 'hub.localhost', portDomain: 'ports.localhost', withPage: true, portLinks: true, tls },
  });
  port = hub.url.replace('//hub.', '//9000--alice.ports.');
  browser = await launchBrowser();
  await hub.api('POST', '/users/alice/server');
  const progress = await hub.progressOf('alice');
  writeFileSync(join(hub.service.directory, 'homes/alice/serve'), '');
  events = await progress.text();
}, 300_000);
afterAll(async () => {
  await browser?.close();
  await hub?.dispose();
}, 60_000);

test('the progress of a start names the page, at the host that the hub gives it, and the page leads to the port', async () => {
  const label = hubMajor < 5 ? 'services' : 'portwrap--service';
  const list = `${hub.url.replace('//', `//${label}.`)}/services/portwrap/`;
  expect(events).toContain(`What you open inside is at <a href=\\"${list}\\">`);
  const user = { name: 'alice', password: hub.password };
  const page = await openSignedIn(browser, list, user, { ignoreHTTPSErrors: true });
  const link = page.getByRole('link', { name: 'Open localhost:9000, port 9000, in a new tab' });
  expect(await link.getAttribute('href')).toBe(`${port}/`);
  [tab] = await Promise.all([page.context().waitForEvent('page'), link.click()]);
  await tab.waitForURL(`${port}/`);
  expect(JSON.parse((await tab.locator('body').textContent()) ?? '').url).toBe('/');
  await tab.goto(`${port}/page`);
  // its script reaches the program by fetch and WebSocket, with the cookie that it has set and no other
  await expect.poll(() => tab.title(), { timeout: 60_000 }).toBe('script=1 true false');
}, 180_000);

test('a program gets no cookie of the hub, and its scripts set none for the hub', async () => {
  await tab.evaluate(`document.cookie = 'evil=1; Domain=hub.localhost; Path=/'`);
  await tab.evaluate(`document.cookie = 'own=1; Path=/'`);
  const sentTo = async (address: string) =>
    (await tab.context().cookies(address)).map(({ name }) => name).sort();
  expect(await sentTo(hub.url)).toContain('jupyterhub-session-id');
  expect(await sentTo(hub.url)).not.toContain('evil');
  expect(await sentTo(`${port}/`)).toEqual(['__Host-portwrap-port', 'own', 'script']);
}, 60_000);

test('an address of a port below the domain of the hub leads to the hub', async () => {
  const other = await tab.context().newPage();
  await other.goto(port.replace('.ports.', '.hub.'));
  expect(new URL(other.url()).hostname).toMatch(/^(?:alice\.)?hub\.localhost$/);
}, 60_000);
