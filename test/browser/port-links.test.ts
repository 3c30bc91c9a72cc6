// Ports inside servers in a browser, at a real hub, as two users: by keyboard from the page of the server, and refused to
// the other one. Screenshots at two widths, light and dark, go to test-results/.
import { mkdirSync, readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { contrastProblems, controlsOf, treeProblems } from '../support/browser/accessibility.ts';
import { launchBrowser, openSignedIn } from '../support/browser/browser-session.ts';
import { logIn } from '../support/hub/hub-user.ts';
import { startTestHub, type TestHub } from '../support/hub/test-hub.ts';

const results = new URL('../../test-results/', import.meta.url).pathname;
const script = readFileSync(new URL('../fixtures/hub/ports.mjs', import.meta.url), 'utf8');
const command = JSON.stringify([process.execPath, '--input-type=module', '-e', script]);

let hub: TestHub;
let browser: Browser;
let alice: Page;
beforeAll(async () => {
  mkdirSync(results, { recursive: true });
  const profiles = `  - {name: open, command: ${command}, ready_path: /, stop_timeout: 1}\n`;
  hub = await startTestHub(profiles, '', { withPage: true, portLinks: true });
  browser = await launchBrowser();
  await (await logIn(hub.url, 'alice', hub.password)).startServer();
  alice = await openAs('alice');
}, 300_000);
afterAll(async () => {
  await browser?.close();
  await hub?.dispose();
}, 60_000);

const openAs = (name: string) =>
  openSignedIn(browser, `${hub.url}/services/portwrap/`, { name, password: hub.password });

test('the page of a server has its ports as links, for every width and colour, and for screen readers', async () => {
  await alice.getByRole('link', { name: 'alice' }).click();
  await alice.getByRole('link', { name: 'Open port 9000 in a new tab' }).waitFor();
  for (const colorScheme of ['light', 'dark'] as const) {
    await alice.emulateMedia({ colorScheme });
    for (const width of [1280, 420]) {
      await alice.setViewportSize({ width, height: 800 });
      await alice.screenshot({ path: `${results}port-links-${colorScheme}-${width}.png`, fullPage: true });
    }
  }
  expect(await treeProblems(alice)).toEqual([]);
  expect(await contrastProblems(alice)).toEqual([]);
  expect(await controlsOf(alice)).toContain('link Open port 9070 in a new tab');
}, 120_000);

test('a link opens the program by the keyboard, in a tab that knows nothing of this one', async () => {
  const link = alice.getByRole('link', { name: 'Open port 9000 in a new tab' });
  await link.focus();
  const [tab] = await Promise.all([alice.context().waitForEvent('page'), alice.keyboard.press('Enter')]);
  await tab.waitForURL(`${hub.url}/user/alice/port/9000/`);
  await tab.goto(`${hub.url}/user/alice/port/9000/page`);
  // its script reaches the program by fetch and WebSocket, with the cookie that it has set and no other
  await expect.poll(() => tab.title(), { timeout: 60_000 }).toBe('script=1 true false');
  await tab.close();
}, 180_000);

test("another user is refused, also where their browser has the page's own session", async () => {
  const bob = await openAs('bob');
  const answer = await bob.goto(`${hub.url}/user/alice/port/9000/`);
  expect(answer?.status()).toBe(403);
  expect(await bob.getByRole('main').textContent()).toContain('orts of alice may not be opened by bob');
  await bob.screenshot({ path: `${results}port-links-refused.png` });
  expect(await treeProblems(bob)).toEqual([]);
}, 120_000);
