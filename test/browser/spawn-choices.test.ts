// Choices that set several values, at the spawn page of a real hub with a real service: seen, chosen by mouse, keyboard,
// REST API and without scripts, what is free beside them, and the last choice when it no longer fits. The GPU is a device
// node made for the test. Screenshots at two widths go to test-results/.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  contrastProblems,
  controlsOf,
  focusProblems,
  treeProblems,
  unreadableTexts,
} from '../support/browser/accessibility.ts';
import { launchBrowser, openSignedIn } from '../support/browser/browser-session.ts';
import { hubMajor } from '../support/hub/hub-process.ts';
import { startTestHub, type TestHub } from '../support/hub/test-hub.ts';
import { runId } from '../support/machine/run-id.ts';
import { needsRoot, skipIf } from '../support/reasons.ts';

const results = new URL('../../test-results/', import.meta.url).pathname;
const device = `/dev/portwrap-choices-${runId()}`;
const patience = { timeout: 120_000 };

const serve = (port: string) => `[python3, -m, http.server, '${port}']`;
const basic = `
  - name: basic
    title: Notebook
    description: For small things. Starts at once.
    command: ${serve('{guest-port}')}
    ready_path: /
    stop_timeout: 1
    max_servers: 20`;
const lab = (choices: string) => `
  - name: lab
    title: Laboratory
    description: JupyterLab with as much as you need.
    command: ${serve('{guest-port}')}
    ready_path: /
    stop_timeout: 1
    options:
      - name: size
        title: Size
        description: Larger ones wait longer when many people work.
        default: small
        choices:${choices}
      - name: data
        title: Data
        variable: DATA
        default: none
        choices: [{name: none, title: No data}, {name: census, title: Census, description: Households from 1990 to 2020}]
        other:
          title: Another project
          description: The short name of a project, in small letters
          pattern: "[a-z]{2,9}"
          sets: {environment: {PROJECT: "project-{value}"}}
      - {name: debug, description: Keep a debug log, type: boolean, variable: DEBUG_LOG, default: false}`;
const small = `
          - {name: small, title: Small, description: "1 CPU, 1 GiB", sets: {resources: {memory: 1G, cpus: 1}}}`;
const gpu = `
          - name: gpu
            title: With a GPU
            description: 2 CPUs, 2 GiB and a GPU of your own
            sets:
              resources: {memory: 2G, cpus: 2, gpus: 1}
              environment: {LEVEL: gpu}
              command: [python3, -u, -m, http.server, '{guest-port}']
              working_directory: /tmp`;
const staff = `
          - {name: staff, title: For staff only, groups: [staff], sets: {resources: {memory: 4G}}}`;

describe('choices', needsRoot, () => {
  let hub: TestHub;
  let browser: Browser;
  let page: Page;
  let plain: Page;

  beforeAll(async () => {
    mkdirSync(results, { recursive: true });
    execFileSync('mknod', [device, 'c', '1', '5']);
    chmodSync(device, 0o666);
    hub = await startTestHub(basic + lab(small + gpu + staff), '', {
      withPage: true,
      yaml: `gpus: {devices: [{nodes: [${device}]}]}`,
    });
    browser = await launchBrowser();
    const at = `${hub.url}/hub/spawn`;
    page = await openSignedIn(browser, at, { name: 'alice', password: hub.password });
    plain = await openSignedIn(
      browser,
      at,
      { name: 'bob', password: hub.password },
      { javaScriptEnabled: false },
    );
  }, 400_000);
  afterAll(async () => {
    await browser?.close();
    await hub?.dispose();
    rmSync(device, { force: true });
  }, 120_000);

  async function look(name: string, looked = page): Promise<void> {
    for (const width of [1280, 400]) {
      await looked.setViewportSize({ width, height: 900 });
      await looked.screenshot({
        path: `${results}${name}-${width}.png`,
        fullPage: true,
        animations: 'disabled',
      });
      // the logo of Debian's hub is wider than a phone
      const shown = "(document.querySelector('.pw-profiles') ?? document.documentElement)";
      const overflows = `${shown}.scrollWidth > ${shown}.clientWidth`;
      expect(await looked.evaluate(overflows), `${name} is wider than ${width} pixels`).toBe(false);
    }
    await looked.setViewportSize({ width: 1280, height: 900 });
  }
  const choice = (name: string | RegExp, looked = page) =>
    looked.getByRole('group', { name: 'Size' }).getByRole('radio', { name });
  const other = (looked = page) => looked.getByRole('radio', { name: 'Another project' });
  const project = (looked = page) => looked.getByRole('textbox', { name: 'Another project' });

  test('the choices of an option are a group, with what they are and what is free beside them', async () => {
    await page.getByText('20 of 20 places are free').waitFor();
    await page.getByRole('radio', { name: 'Laboratory' }).check();
    await choice('Small').waitFor();
    expect(await choice('Small').isChecked()).toBe(true);
    expect(await choice(/^With a GPU 1 of 1 GPU is free$/).count()).toBe(1);
    expect(await choice('For staff only').count()).toBe(0);
    const about = await choice(/GPU/).getAttribute('aria-describedby');
    expect(await page.locator(`[id="${about}"]`).textContent()).toBe('2 CPUs, 2 GiB and a GPU of your own');
    await look('choices');
  });

  test('by keyboard: arrows move among the choices, and the text appears where it is asked for', async () => {
    await choice('Small').focus();
    await page.keyboard.press('ArrowDown');
    expect(await choice(/GPU/).isChecked()).toBe(true);
    await page.keyboard.press('Tab');
    expect(await project().isVisible()).toBe(false);
    for (const key of ['ArrowDown', 'ArrowDown', 'Tab']) await page.keyboard.press(key);
    expect(await other().isChecked()).toBe(true);
    expect(await project().and(page.locator(':focus')).count()).toBe(1);
    await page.keyboard.type('UPPER');
    await page.getByRole('button', { name: 'Start' }).click();
    // the browser asks for a text that matches; nothing was sent
    expect(await project().and(page.locator(':invalid')).count()).toBe(1);
    await look('choices-other');
  });

  test('every control has a name, can be read in light and dark, and is seen when it is in focus', async () => {
    expect(await treeProblems(page)).toEqual([]);
    expect(await controlsOf(page)).toEqual(
      expect.arrayContaining(['radio Small', 'radio With a GPU 1 of 1 GPU is free', 'radio Another project']),
    );
    expect(await contrastProblems(page, '.pw-profiles')).toEqual([]);
    expect((await focusProblems(page)).unseen).toEqual([]);
  });

  test(
    'it has the colours of the theme of the hub',
    skipIf(hubMajor < 5, 'JupyterHub before 5 has no dark theme'),
    async () => {
      await page.locator('#dark-theme-toggle').click();
      await look('choices-dark');
      expect(await unreadableTexts(page, '.pw-profiles')).toEqual([]);
      await page.locator('#dark-theme-toggle').click();
    },
  );

  test('a server has all that was chosen, and the admin page says it', async () => {
    await project().fill('abc');
    await choice(/GPU/).check();
    await page.getByRole('button', { name: 'Start' }).click();
    await page.waitForURL(/\/user\/alice\//, patience);
    expect(await hub.environmentOf('alice')).toMatchObject({
      ...{ MEM_LIMIT: String(2 ** 31), CPU_LIMIT: '2', LEVEL: 'gpu', CUDA_VISIBLE_DEVICES: '0' },
      ...{ DATA: 'abc', PROJECT: 'project-abc', DEBUG_LOG: 'false' },
    });
    await page.goto(`${hub.url}/services/portwrap/`);
    await page.getByText('With a GPU · abc').waitFor();
    await look('choices-admin-page');
    await page.getByRole('link', { name: 'alice' }).click();
    await page.getByText('Keep a debug log: no').waitFor();
    await look('choices-server-page');
  });

  test('without scripts the same form starts the same server', async () => {
    await plain.getByRole('radio', { name: 'Laboratory' }).check();
    expect(await project(plain).isVisible()).toBe(false);
    await other(plain).check();
    await plain.getByRole('button', { name: 'Start' }).click();
    await plain.getByText('Nothing is written for "data". Write it, or choose another one.').waitFor();
    await plain.getByRole('radio', { name: 'Laboratory' }).check();
    await other(plain).check();
    await project(plain).fill('UPPER');
    await plain.getByRole('button', { name: 'Start' }).click();
    await expect
      .poll(async () => {
        // a hub that takes longer than a second with its response has a page for it, which reloads itself with scripts
        if (plain.url().includes('/hub/spawn-pending/')) await plain.reload();
        return plain.locator('body').textContent();
      }, patience)
      .toContain('must be one of none, census, or a text that matches [a-z]{2,9}');
    if (plain.url().includes('/hub/spawn-pending/')) await plain.goto(`${hub.url}/hub/spawn/bob`);
    expect(await project(plain).inputValue()).toBe('UPPER');
    await look('choices-refused', plain);
    await project(plain).fill('xyz');
    await plain.getByRole('button', { name: 'Start' }).click();
    await expect
      .poll(() => hub.environmentOf('bob'), patience)
      .toMatchObject({ MEM_LIMIT: String(2 ** 30), CPU_LIMIT: '1', DATA: 'xyz', PROJECT: 'project-xyz' });
  });

  test('a program sends the same, and is told what it may have meant', async () => {
    const refusals = [
      [{ profile: 'lab', size: 'smal' }, 'must be one of small, gpu; did you mean "small"?'],
      [{ profile: 'lab', sizes: 'small' }, 'is not one of this profile; did you mean "size"?'],
      [{ profile: 'la' }, 'There is no profile "la" for carol; did you mean "lab"?'],
      [{ profile: 'lab', size: 'staff' }, 'must be one of small, gpu'],
      [{ profile: 'lab', size: 'gpu' }, 'Laboratory needs 1 of the 1 GPUs, and 0 are free'],
    ] as const;
    for (const [fields, words] of refusals) {
      const { status, body } = await hub.api('POST', '/users/carol/server', fields);
      expect([400, 429]).toContain(status);
      expect(body.message).toContain(words);
    }
  });

  test('a last choice that is not free now is replaced by the default, in one sentence', async () => {
    await hub.stopServer('alice');
    await hub.stopServer('bob');
    const started = await hub.api('POST', '/users/bob/server', { profile: 'lab', size: 'gpu' });
    expect([201, 202], JSON.stringify(started.body)).toContain(started.status);
    await expect.poll(async () => (await hub.environmentOf('bob')).LEVEL, patience).toBe('gpu');
    await page.goto(`${hub.url}/hub/spawn/alice`);
    await page
      .getByText(
        'Size: With a GPU, which you chose last, is not free now (0 of 1 GPU is free); Small is chosen instead.',
      )
      .waitFor();
    expect(await choice('Small').isChecked()).toBe(true);
    expect(await project().inputValue()).toBe('abc'); // what fits is still there
    expect(await contrastProblems(page, '.pw-profiles')).toEqual([]);
    await look('choices-replaced');
    // without the form, too
    const again = await hub.api('POST', '/users/alice/server');
    expect([201, 202], JSON.stringify(again.body)).toContain(again.status);
    await expect
      .poll(async () => (await hub.service.call('GET', '/users/alice/server')).body, patience)
      .toMatchObject({ profile: 'basic', state: 'ready' });
  });

  test('a last choice that is gone is replaced by the default, in one sentence', async () => {
    await hub.stopServer('alice');
    await hub.stopServer('bob');
    await hub.offer(basic + lab(small));
    await plain.goto(`${hub.url}/hub/spawn/bob`);
    await plain
      .getByText('Size: gpu, which you chose last, is not offered any more; Small is chosen instead.')
      .waitFor();
    await look('choices-gone', plain);
  });
});
