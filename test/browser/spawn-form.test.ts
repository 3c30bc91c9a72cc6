// A person at the hub's spawn page, with a real hub and service: profiles as cards, chosen by mouse, by keyboard
// and without scripts, refused in words, remembered. Screenshots at two widths go to test-results/.
import { mkdirSync, readFileSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  contrastProblems,
  controlsOf,
  focusProblems,
  treeProblems,
  unreadableTexts,
} from '../support/browser/accessibility.ts';
import { hubMajor } from '../support/hub/hub-process.ts';
import { startTestHub, type TestHub } from '../support/hub/test-hub.ts';
import { skipIf } from '../support/reasons.ts';

const results = new URL('../../test-results/', import.meta.url).pathname;
const evil = '<img src=x onerror=alert(1)>';

const serve = `
    command: [python3, -m, http.server, '{guest-port}']
    ready_path: /
    stop_timeout: 1`;
const small = `
  - name: small
    description: A notebook for small things. Starts at once.${serve}`;
const large = `
  - name: large
    title: Large data
    description: For data that needs room. Its memory counts against the limit of your group.${serve}
    options:
      - {name: memory, description: Memory, type: memory, min: 0.5, max: 4, default: 1}
      - {name: cpus, description: CPUs, type: cpus, min: 1, max: 8, default: 2}
      - {name: data, description: Data set, variable: DATA, choices: [none, census, climate], default: none}
      - {name: project, description: Project, type: text, variable: PROJECT, pattern: "[a-z]{2,9}"}
      - {name: debug, description: Keep a debug log, type: boolean, variable: DEBUG_LOG, default: false}`;
const others = `
  - name: evil
    title: "${evil}"
    description: "${evil}"${serve}
  - name: hidden
    description: Only for staff
    groups: [staff]${serve}`;

let hub: TestHub;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  mkdirSync(results, { recursive: true });
  hub = await startTestHub(small + large + others);
  browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking'],
  });
  page = await newPage(true);
}, 240_000);
afterAll(async () => {
  await browser?.close();
  await hub?.dispose();
}, 60_000);

async function newPage(javaScriptEnabled: boolean): Promise<Page> {
  const context = await browser.newContext({ javaScriptEnabled, viewport: { width: 1280, height: 900 } });
  const opened = await context.newPage();
  await opened.goto(`${hub.url}/hub/login`);
  await opened.getByLabel('Username').fill(javaScriptEnabled ? 'alice' : 'bob');
  await opened.getByLabel('Password').fill(hub.password);
  await opened.getByLabel('Password').press('Enter');
  await opened.waitForURL(/\/hub\/spawn|\/user\//);
  return opened;
}

async function look(name: string, looked = page): Promise<void> {
  await looked.screenshot({ path: `${results}${name}-1280.png`, fullPage: true, animations: 'disabled' });
  await looked.setViewportSize({ width: 420, height: 900 });
  await looked.screenshot({ path: `${results}${name}-420.png`, fullPage: true, animations: 'disabled' });
  const overflows = await looked.evaluate(
    'document.documentElement.scrollWidth > document.documentElement.clientWidth',
  );
  expect(overflows, 'nothing is wider than a phone').toBe(false);
  await looked.setViewportSize({ width: 1280, height: 900 });
}

test('the profiles that are offered are a group of radio buttons, with what they are', async () => {
  const group = page.getByRole('group', { name: 'Choose what to start' });
  const names = await group
    .getByRole('radio')
    .evaluateAll((radios) => radios.map((radio) => (radio as unknown as { value: string }).value));
  expect(names).toEqual(['small', 'large', 'evil']);
  await expect.poll(() => group.getByRole('radio', { name: 'small' }).isChecked()).toBe(true);
  const about = await group
    .getByRole('radio', { name: 'Large data' })
    .evaluate((radio) => radio.getAttribute('aria-describedby'));
  expect(await page.locator(`#${about}`).textContent()).toMatch(/^For data that needs room/);
  expect(await page.getByText(evil).count()).toBe(2); // its title and its description
  await look('spawn-form');
});

test('the options of a profile appear when it is chosen, also by keyboard', async () => {
  await page.getByRole('radio', { name: 'small' }).focus();
  expect(await page.getByLabel('Memory').isVisible()).toBe(false);
  await page.keyboard.press('ArrowDown');
  await page.getByLabel('Memory').waitFor({ state: 'visible' });
  expect(await page.getByRole('radio', { name: 'Large data' }).isChecked()).toBe(true);
  await page.keyboard.press('Tab');
  const focused = await page.evaluate<string>('document.activeElement.name');
  expect(focused).toBe('large:memory');
  await look('spawn-form-options');
});

test('every control has a name, can be read in light and dark, and is seen when it is in focus', async () => {
  expect(await treeProblems(page)).toEqual([]);
  expect(await controlsOf(page)).toEqual(
    expect.arrayContaining([
      'radio small',
      'radio Large data',
      'spinbutton Memory',
      'combobox Data set',
      'textbox Project',
    ]),
  );
  expect(await contrastProblems(page, '.pw-profiles')).toEqual([]);
  expect((await focusProblems(page)).unseen).toEqual([]);
});

test(
  'the form has the colours of the theme that the hub has, whatever the system prefers',
  skipIf(hubMajor < 5, 'JupyterHub before 5 has no dark theme'),
  async () => {
    await page.getByRole('radio', { name: 'Large data' }).check();
    await page.locator('#dark-theme-toggle').click();
    await look('spawn-form-dark');
    expect(await unreadableTexts(page, '.pw-profiles')).toEqual([]);
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.locator('#dark-theme-toggle').click();
    expect(await unreadableTexts(page, '.pw-profiles')).toEqual([]);
    await page.emulateMedia({ colorScheme: 'light' });
  },
);

test('what the service refuses is said on the page, and what was chosen is still there', async () => {
  await page.getByLabel('Memory').fill('2');
  await page.getByLabel('Project').fill('UPPER');
  await page.evaluate('document.querySelector("form#spawn_form").noValidate = true');
  await page.getByRole('button', { name: 'Start' }).click();
  await page.getByText('The option "project" must match [a-z]{2,9}').waitFor();
  expect(await page.getByLabel('Memory').inputValue()).toBe('2');
  expect(await page.getByLabel('Project').inputValue()).toBe('UPPER');
  await look('spawn-form-refused');
});

test('a server is started with what was chosen, and that is chosen again the next time', async () => {
  await page.getByLabel('Project').fill('abc');
  await page.getByLabel('Keep a debug log').check();
  await page.getByLabel('Data set').selectOption('climate');
  await page.getByRole('button', { name: 'Start' }).click();
  await page.waitForURL(/\/user\/alice\//, { timeout: 60_000 });
  expect(await hub.environmentOf('alice')).toMatchObject({
    ...{ MEM_LIMIT: String(2 ** 31), CPU_LIMIT: '2', DATA: 'climate', PROJECT: 'abc', DEBUG_LOG: 'true' },
  });
  await hub.stopServer('alice');
  await page.goto(`${hub.url}/hub/spawn/alice`);
  expect(await page.getByRole('radio', { name: 'Large data' }).isChecked()).toBe(true);
  expect(await page.getByLabel('Project').inputValue()).toBe('abc');
  expect(await page.getByLabel('Keep a debug log').isChecked()).toBe(true);
});

test('without scripts the same form starts the same server', async () => {
  const plain = await newPage(false);
  await plain.getByRole('radio', { name: 'Large data' }).check();
  await plain.getByLabel('Memory').fill('0.5');
  await plain.getByRole('button', { name: 'Start' }).click();
  await expect
    .poll(() => hub.environmentOf('bob'), { timeout: 60_000 })
    .toMatchObject({
      ...{ MEM_LIMIT: String(2 ** 29), DEBUG_LOG: 'false' },
    });
});

test('who comes back to a server that has died reads why, and so does the administrator in the log', async () => {
  const state = async () => (await hub.service.call('GET', '/users/bob/server')).body.state;
  // ready, for the service and then for the hub
  const ready = async () => (await hub.api('GET', '/users/bob')).body.server;
  await expect.poll(ready, { timeout: 60_000 }).not.toBeNull();
  const { body } = await hub.service.call('GET', '/users/bob/server');
  const [inside] = readFileSync(`/proc/${body.pid}/task/${body.pid}/children`, 'utf8').split(' ');
  process.kill(Number(inside), 'SIGKILL');
  await expect.poll(state, { timeout: 30_000 }).toBe('exited');
  const plain = await newPage(false);
  await plain.goto(`${hub.url}/hub/home`); // where the hub looks whether the server still runs
  await plain.goto(`${hub.url}/hub/spawn/bob`);
  await plain.getByText('The last server ended a moment ago: it was ended by SIGKILL.').waitFor();
  expect(hub.logged()).toContain('The server bob has ended: it was ended by SIGKILL\n');
  await look('spawn-form-ended', plain);
});

test('a program chooses the same over the REST API, checked in the same way', async () => {
  const refused = await hub.api('POST', '/users/carol/server', { profile: 'large', memory: 64 });
  expect(refused.status).toBe(400);
  expect(refused.body.message).toContain('The option "memory" must be at most 4');
  const hidden = await hub.api('POST', '/users/carol/server', { profile: 'hidden' });
  expect(hidden.body.message).toContain('no profile "hidden"');
  const started = await hub.api('POST', '/users/carol/server', { profile: 'large', memory: 1.5 });
  expect([201, 202], JSON.stringify(started.body)).toContain(started.status);
  await expect.poll(() => hub.environmentOf('carol')).toMatchObject({ MEM_LIMIT: String(1.5 * 2 ** 30) });
});

test('a profile that was removed is said to be gone, and does not keep anyone from starting', async () => {
  await hub.api('DELETE', '/users/carol/server');
  await hub.offer(small);
  await page.goto(`${hub.url}/hub/spawn/alice`);
  await page.waitForURL(/\/user\/alice\//, { timeout: 60_000 }); // nothing to choose: it starts at once
  const restarted = await hub.api('POST', '/users/carol/server');
  expect([201, 202], JSON.stringify(restarted.body)).toContain(restarted.status);
  await expect.poll(async () => (await hub.environmentOf('carol')).MEM_LIMIT).toBeUndefined();
});
