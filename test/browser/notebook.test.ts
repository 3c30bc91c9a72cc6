// A person with a browser: logs in, presses the hub's start button, runs a cell, stops the server.
// Screenshots of each page, at two widths, go to test-results/.
import { mkdirSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../support/browser/browser-session.ts';
import { type Demo, startDemo } from '../support/demo.ts';
import { processesBelow } from '../support/service.ts';

const results = new URL('../../test-results/', import.meta.url).pathname;

let demo: Demo;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  mkdirSync(results, { recursive: true });
  demo = await startDemo();
  browser = await launchBrowser();
  page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
}, 240_000);
afterAll(async () => {
  await browser?.close();
  await demo?.stop();
});

async function look(name: string): Promise<void> {
  await page.screenshot({ path: `${results}${name}-1280.png` });
  await page.setViewportSize({ width: 420, height: 800 });
  await page.screenshot({ path: `${results}${name}-420.png` });
  await page.setViewportSize({ width: 1280, height: 800 });
}

test('the printed address, user and password log in', async () => {
  await page.goto(demo.url);
  await page.getByLabel('Username').fill('demo');
  await page.getByLabel('Password').fill(demo.password);
  await look('login');
  await page.getByRole('button', { name: 'Sign In' }).click();
  // a user without a server is sent to the form
  await page.waitForURL(/\/hub\/spawn/);
  await page.getByText('Without internet').first().waitFor();
  await look('form');
  const cookies = await page.context().cookies();
  expect(cookies.map(({ name }) => name)).toContain('jupyterhub-session-id');
});

test('the server is started from the form, and its files are shown', async () => {
  await page.locator('#spawn_form [type=submit]').first().click();
  await page.waitForURL(/\/user\/demo\/tree/, { timeout: 60_000 });
  const files = page.getByText('The notebook list is empty').or(page.locator('#notebook_list')).first();
  await files.waitFor();
  expect(await files.isVisible()).toBe(true);
  await look('files');
});

test('a cell runs: the kernel answers over its WebSocket', async () => {
  const path = await page.evaluate<string>(`(async () => {
    const cookie = /_xsrf=([^;]+)/.exec(document.cookie)?.[1] ?? '';
    const response = await fetch('/user/demo/api/contents', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-xsrftoken': cookie },
      body: JSON.stringify({ type: 'notebook' }),
    });
    return (await response.json()).path;
  })()`);
  await page.goto(`${demo.url}/user/demo/notebooks/${path}`);
  // keys that are typed before the kernel is there are not run
  await page.locator('#kernel_indicator_icon.kernel_idle_icon').waitFor({ timeout: 60_000 });
  await page.locator('.CodeMirror').first().click();
  await page.keyboard.type('import os; print("answer", 6 * 7, "as", os.getuid())');
  await page.keyboard.press('Shift+Enter');
  const output = page.locator('.output_text').first();
  await output.waitFor({ timeout: 30_000 });
  expect(await output.textContent()).toMatch(/^answer 42 as [1-9]/);
  await look('notebook');
});

test('"Stop My Server" ends everything that was started', async () => {
  await page.goto(`${demo.url}/hub/home`);
  await look('home');
  await page.getByRole('button', { name: 'Stop My Server' }).click();
  await page.getByRole('button', { name: 'Start My Server' }).waitFor({ timeout: 30_000 });
  for (const program of ['bwrap', 'slirp4netns', 'jupyterhub-singleuser', 'ipykernel']) {
    expect(processesBelow(demo.directory, program)).toEqual([]);
  }
});

test("the hub's start button starts it again, with the service's progress on the page", async () => {
  const messages: string[] = [];
  await page.exposeFunction('sawProgress', (message: string) => messages.push(message));
  // in the page: reports its event log, which keeps what the progress line shows only for a moment
  await page.addInitScript(`
    new MutationObserver(() => {
      const log = document.getElementById('progress-log');
      if (log && log.textContent.trim()) sawProgress(log.textContent);
    }).observe(document, { childList: true, subtree: true, characterData: true });
  `);
  await page.getByRole('button', { name: 'Start My Server' }).click();
  await page.locator('#spawn_form [type=submit]').first().click();
  await page.waitForURL(/\/hub\/spawn-pending\/demo|\/user\/demo\/tree/, {
    waitUntil: 'commit',
    timeout: 60_000,
  });
  // JupyterHub shows no pending page for a start that takes less than a second
  const isPending = page.url().includes('spawn-pending');
  // only a picture: the page may go on to the server while it is taken
  if (isPending) await page.screenshot({ path: `${results}pending-1280.png` }).catch(() => {});
  await page.waitForURL(/\/user\/demo\/tree/, { timeout: 60_000 });
  if (isPending) expect(messages.join('\n')).toMatch(/The sandbox runs; waiting for the server|Server ready/);
});
