// What people see of a maintenance, on the hub's spawn page, when their start is refused, and on the admin page; and
// that the spawn page says a failure once. Screenshots at two widths go to test-results/.
import { mkdirSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { contrastProblems, treeProblems } from '../support/browser/accessibility.ts';
import { launchBrowser, openSignedIn } from '../support/browser/browser-session.ts';
import { startTestHub, type TestHub } from '../support/hub/test-hub.ts';
import { runCommand } from '../support/service.ts';

const results = new URL('../../test-results/', import.meta.url).pathname;
const serve = 'command: [python3, -m, http.server, "{guest-port}"], ready_path: /, stop_timeout: 1';
const profiles = `
  - {name: small, description: For small things., ${serve}}
  - {name: broken, description: Ends at once., command: [sh, -c, "echo the-line-that-helps >&2; exit 3"]}
`;
const words = 'New disks until <six>.';

let hub: TestHub;
let browser: Browser;
let page: Page;
beforeAll(async () => {
  mkdirSync(results, { recursive: true });
  hub = await startTestHub(profiles, '', { withPage: true });
  browser = await launchBrowser();
  page = await openSignedIn(browser, `${hub.url}/hub/spawn`, { name: 'alice', password: hub.password });
}, 300_000);
afterAll(async () => {
  await browser?.close();
  await hub?.dispose();
}, 120_000);

const maintenance = async (...argv: string[]) => {
  const { code, stderr } = await runCommand(hub.service, 'maintenance', ...argv);
  expect([code, stderr]).toEqual([0, '']);
};

async function look(name: string): Promise<void> {
  for (const width of [1280, 420]) {
    await page.setViewportSize({ width, height: 800 });
    await page.screenshot({ path: `${results}${name}-${width}.png`, fullPage: true });
    const overflows = 'document.documentElement.scrollWidth > document.documentElement.clientWidth';
    expect(await page.evaluate(overflows), `${name} is wider than ${width} pixels`).toBe(false);
  }
  await page.setViewportSize({ width: 1280, height: 800 });
}

const spawnPage = () => page.goto(`${hub.url}/hub/spawn/alice`);

test('the spawn page announces what is planned, with its times in the zone of the reader', async () => {
  await maintenance('on', '--message', words, '--at', '+2h', '--stop-servers-at', '+3h');
  await spawnPage();
  const note = page.locator('.pw-note');
  const text = (await note.textContent()) ?? '';
  expect(text).toMatch(
    /Maintenance from .+ on\. New disks until <six>\. Servers that run are asked to end at /,
  );
  expect(text).not.toContain('UTC'); // what is there without scripts
  expect(await note.locator('time').count()).toBe(2);
  expect(await treeProblems(page)).toEqual([]);
  await look('maintenance-planned');
});

test('while it is on, the page says so, and who starts a server all the same reads why not', async () => {
  await maintenance('on', '--message', words);
  await spawnPage();
  await page.getByText('Maintenance: no server can be started now.').waitFor();
  await page.getByRole('button', { name: 'Start' }).click();
  // a hub that takes longer than a second with its response shows it in the progress and in the event log
  await page.getByText(`No servers are started during maintenance: ${words}`).first().waitFor();
  await look('maintenance-refused');
});

test('the admin page has the message above the list', async () => {
  await page.goto(`${hub.url}/services/portwrap/`);
  const note = page.locator('#maintenance');
  expect(await note.textContent()).toBe(`Maintenance: no servers are started. ${words}`);
  expect([...(await treeProblems(page)), ...(await contrastProblems(page))]).toEqual([]);
  await look('maintenance-admin-page');
  await maintenance('off');
  await expect.poll(() => note.textContent(), { timeout: 60_000 }).toBe('');
});

test('a start that fails at once is told once, with the line of its log that helps', async () => {
  await spawnPage();
  await page.getByRole('radio', { name: 'broken' }).check();
  await page.getByRole('button', { name: 'Start' }).click();
  await page.getByText('it ended with exit code 3').first().waitFor({ timeout: 60_000 });
  const told = () => page.getByText('it ended with exit code 3').count();
  // another page of the hub than its form, with the progress and the event log, follows a slow response
  if (!page.url().includes('/hub/spawn-pending/')) expect(await told()).toBe(1);
  expect(await page.getByText('the-line-that-helps').first().isVisible()).toBe(true);
  await look('spawn-failed');
  await spawnPage();
  expect(await told()).toBe(1);
  expect(await page.getByText('the-line-that-helps').first().isVisible()).toBe(true);
  await look('spawn-failed-before');
});

test('over the REST API, such a failure has the lines of the log that its hint speaks of', async () => {
  await hub.api('POST', '/users/bob');
  const { status, body } = await hub.api('POST', '/users/bob/server', { profile: 'broken' });
  if (status < 400) {
    // it took longer than the hub waits with its response: then it is in the progress
    const progress = await page.request.get(`${hub.url}/hub/api/users/bob/server/progress`, {
      headers: { authorization: 'token test-admin-token-0123456789' },
    });
    expect(await progress.text()).toContain('the-line-that-helps');
  } else expect(body.message).toContain('the-line-that-helps');
});
