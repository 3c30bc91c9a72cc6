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
  const profiles = `  - {name: open, command: ${command}, ready_path: /, stop_timeout: 1, port_sharing: [{with_users: [bob]}]}\n`;
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

/** In light and dark, at two widths; nothing is wider than the screen. */
async function lookAt(page: Page, name: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    for (const width of [1280, 400]) {
      await page.setViewportSize({ width, height: 800 });
      await page.screenshot({ path: `${results}${name}-${colorScheme}-${width}.png`, fullPage: true });
      expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    }
  }
  expect(await treeProblems(page)).toEqual([]);
  expect(await contrastProblems(page)).toEqual([]);
}

const hostile = '<script>alert(1)</script> &"';

test('the first page lists what the own servers have opened, and what is unfolded stays so', async () => {
  await alice.getByRole('link', { name: `Open ${hostile}, port 9080, in a new tab` }).waitFor();
  const controls = await controlsOf(alice);
  expect(controls).toContain('link Open localhost:9070, port 9070, in a new tab');
  expect(controls).toContain('DisclosureTriangle The port of the server itself, 1 of a kernel');
  const folded = alice.getByRole('rowheader', { name: '9061' });
  expect(await folded.isVisible()).toBe(false);
  await alice.getByText('The port of the server itself').click();
  await folded.waitFor();
  // the page fetches itself: a later part has other ids of nonces, and the same list
  await alice.waitForResponse((response) => response.url() === alice.url(), { timeout: 60_000 });
  await alice.waitForResponse((response) => response.url() === alice.url(), { timeout: 60_000 });
  expect(await folded.isVisible()).toBe(true);
  await lookAt(alice, 'open-ports');
}, 240_000);

test('the page of a server has its ports as links, for every width and colour, and for screen readers', async () => {
  await alice.getByRole('link', { name: 'alice', exact: true }).click();
  await alice.getByRole('link', { name: 'Open localhost:9000, port 9000, in a new tab' }).waitFor();
  await lookAt(alice, 'port-links');
  expect(await controlsOf(alice)).toContain('link Open localhost:9070, port 9070, in a new tab');
}, 240_000);

test('a link opens the program by the keyboard, in a tab that knows nothing of this one', async () => {
  const link = alice.getByRole('link', { name: 'Open localhost:9000, port 9000, in a new tab' });
  await link.focus();
  const [tab] = await Promise.all([alice.context().waitForEvent('page'), alice.keyboard.press('Enter')]);
  await tab.waitForURL(`${hub.url}/user/alice/port/9000/`);
  await tab.goto(`${hub.url}/user/alice/port/9000/page`);
  // its script reaches the program by fetch and WebSocket, with the cookie that it has set and no other
  await expect.poll(() => tab.title(), { timeout: 60_000 }).toBe('script=1 true false');
  await tab.close();
}, 180_000);

test('the user shares a port by the form, and another one finds it, is asked, and opens it', async () => {
  await alice.getByLabel('Port', { exact: true }).fill('9000');
  await alice.getByLabel('Users').fill('bob');
  await alice.getByRole('button', { name: 'Share' }).click();
  await alice.getByRole('button', { name: 'Revoke port 9000 for bob' }).waitFor();
  await lookAt(alice, 'sharing');
  const bob = await openAs('bob');
  await bob.getByRole('heading', { name: 'Shared with you' }).waitFor();
  await lookAt(bob, 'shared-with-you');
  await bob.goto(`${hub.url}/user/alice/port/9000/page`);
  await bob.getByRole('heading', { name: 'Open a port of alice?' }).waitFor();
  await lookAt(bob, 'visit');
  await bob.getByRole('button', { name: 'Open it' }).focus();
  await bob.keyboard.press('Enter');
  await expect.poll(() => bob.title(), { timeout: 60_000 }).toBe('script=1 true false');
  await alice.getByRole('button', { name: 'Revoke port 9000 for bob' }).click();
  await alice.getByText('No port of this server is shared.').waitFor();
}, 300_000);

test("another user is refused, also where their browser has the page's own session", async () => {
  const bob = await openAs('bob');
  const answer = await bob.goto(`${hub.url}/user/alice/port/9000/`);
  expect(answer?.status()).toBe(403);
  expect(await bob.getByRole('main').textContent()).toContain('ort 9000 of alice may not be opened by bob');
  await bob.screenshot({ path: `${results}port-links-refused.png` });
  expect(await treeProblems(bob)).toEqual([]);
}, 120_000);
