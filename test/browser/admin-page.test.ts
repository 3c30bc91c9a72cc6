// The admin page in a browser, at a real hub: an administrator, two users, a phone, no JavaScript, a stranger.
// Screenshots at two widths, light and dark, go to test-results/.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  contrastProblems,
  controlsOf,
  focusProblems,
  treeProblems,
} from '../support/browser/accessibility.ts';
import { launchBrowser, openSignedIn } from '../support/browser/browser-session.ts';
import { type Demo, startDemo } from '../support/demo.ts';
import { type HubUser, logIn } from '../support/hub/hub-user.ts';
import { processesBelow } from '../support/service.ts';

const results = new URL('../../test-results/', import.meta.url).pathname;
const hostileName = '<img src=x onerror=alert(1)>&"\'';

let demo: Demo;
let browser: Browser;
let list: string;
let ann: HubUser;
let bob: HubUser;
let admin: Page;
let annsPage: Page;

beforeAll(async () => {
  mkdirSync(results, { recursive: true });
  demo = await startDemo();
  list = `${demo.url}/services/portwrap/`;
  browser = await launchBrowser();
  [ann, bob] = await Promise.all([
    logIn(demo.url, 'ann', demo.password),
    logIn(demo.url, 'bob', demo.password),
  ]);
  admin = await openAs('admin');
}, 240_000);
afterAll(async () => {
  await browser?.close();
  await demo?.stop();
});

function openAs(name: string, options?: BrowserContextOptions): Promise<Page> {
  return openSignedIn(browser, list, { name, password: demo.password }, options);
}

async function look(page: Page, name: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    for (const width of [1280, 420]) {
      await page.setViewportSize({ width, height: 800 });
      await page.screenshot({ path: `${results}page-${name}-${colorScheme}-${width}.png`, fullPage: true });
    }
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 1280, height: 800 });
}

/** A request with the cookies of somebody's page, as a form or a script elsewhere could send it. */
function post(page: Page, address: string, form: Record<string, string>, headers: Record<string, string>) {
  return page.context().request.post(address, { form, headers, maxRedirects: 0 });
}

const formTokenOf = (page: Page) => page.locator('input[name=form_token]').first().inputValue();

test('without servers the page says so, and where to start one', async () => {
  await expect.poll(() => admin.getByRole('main').textContent()).toContain('No server runs.');
  expect(await admin.getByRole('link', { name: 'To the hub' }).getAttribute('href')).toBe('/hub/home');
  await look(admin, 'empty');
});

test('a server that is started appears on the open page by itself', async () => {
  await Promise.all([ann.startServer(), bob.startServer()]);
  await admin.getByRole('link', { name: 'bob' }).waitFor();
  await expect.poll(() => admin.getByRole('status').textContent()).toBe('2 ready');
});

test('an administrator sees the servers of both users, a user only their own', async () => {
  annsPage = await openAs('ann');
  expect(await annsPage.getByRole('heading', { level: 1 }).textContent()).toBe('Your servers');
  expect(await rowHeaders(annsPage)).toEqual(['ann']);
  expect(await rowHeaders(admin)).toEqual(['ann', 'bob']);
  await look(annsPage, 'own');
});

test('a name that is HTML is shown as it is written, and runs nothing', async () => {
  let dialogs = 0;
  admin.on('dialog', (dialog) => {
    dialogs += 1;
    void dialog.dismiss();
  });
  const path = `/hub/api/users/bob/servers/${encodeURIComponent(hostileName)}`;
  expect((await bob.fetch(path, { method: 'POST' })).status).toBeLessThan(300);
  await admin.getByRole('link', { name: hostileName }).click();
  expect(await admin.getByRole('heading', { level: 1 }).textContent()).toBe(`bob/${hostileName}`);
  expect(await admin.locator('img').count()).toBe(0);
  expect(dialogs).toBe(0);
  await look(admin, 'hostile');
  await admin.goto(list);
  await look(admin, 'list');
});

describe("one server's page", () => {
  let address: string;

  beforeAll(async () => {
    await admin.getByRole('link', { name: 'ann' }).click();
    await admin.getByRole('button', { name: 'Stop server' }).waitFor();
    address = admin.url();
  });

  test('shows a port that is opened inside, and that it leads nowhere outside', async () => {
    const kernel = await ann.openKernel();
    await kernel.run(`
import subprocess, sys
server = subprocess.Popen([sys.executable, "-u", "-m", "http.server", "5000"], stdout=subprocess.PIPE, text=True)
print(server.stdout.readline())`);
    const row = admin.getByRole('row').filter({ has: admin.getByRole('rowheader', { name: '5000' }) });
    await row.waitFor();
    expect(await row.getByRole('cell').allInnerTexts()).toEqual([
      'inside only',
      expect.stringMatching(/^python3/),
      expect.stringMatching(/^\d+ (?:s|min)/),
    ]);
    await admin.getByText('The port of the server itself').click();
    const forwarded = admin.getByRole('row').filter({ hasText: 'host port' });
    expect(await forwarded.getByRole('rowheader').textContent()).toBe('8888');
  });

  test('tells how long each part of the start took', async () => {
    const parts = await admin.getByRole('region', { name: 'Start' }).getByRole('listitem').allInnerTexts();
    expect(parts).toHaveLength(5);
    for (const part of parts) expect(part).toMatch(/\d m?s$/);
  });

  test('follows the log without being loaded again', async () => {
    await ann.fetch('/user/ann/api/contents/not-there-4711');
    await admin.getByRole('log').getByText('not-there-4711').waitFor();
    const plain = await admin.context().request.get(`${address}/log`);
    expect(plain.headers()['content-type']).toBe('text/plain; charset=utf-8');
    expect(await plain.text()).toContain('not-there-4711');
    await look(admin, 'server');
  });

  test("is not there for another user, nor is its log, nor can it be stopped by another user's form", async () => {
    const bobsPage = await openAs('bob');
    for (const path of [address, `${address}/log`]) {
      const answer = await bobsPage.context().request.get(path);
      expect(answer.status()).toBe(404);
      expect(await answer.text()).toContain('SERVER_UNKNOWN');
    }
    const form = { form_token: await formTokenOf(bobsPage) };
    const answer = await post(bobsPage, `${address}/stop`, form, { origin: demo.url });
    expect(answer.status()).toBe(404);
    expect((await ann.server())?.ready).toBe(true);
    await bobsPage.goto(address);
    await look(bobsPage, 'problem');
  });

  test.each([
    ['a form of another site', () => formTokenOf(admin), { origin: 'http://evil.example' }],
    [
      'a form that says it is of another site',
      () => formTokenOf(admin),
      { 'sec-fetch-site': 'cross-site' } as Record<string, string>,
    ],
    ['a form that does not say where it is from', () => formTokenOf(admin), {}],
    ["a form with another person's token", () => formTokenOf(annsPage), null],
    ['a form without a token', async () => '', null],
  ])('is not stopped by %s', async (_, token, headers) => {
    const answer = await post(
      admin,
      `${address}/stop`,
      { form_token: await token() },
      { ...(headers ?? { origin: demo.url }) },
    );
    expect(answer.status()).toBe(403);
    expect(await answer.text()).toContain('FORM_REFUSED');
    expect((await ann.server())?.ready).toBe(true);
  });

  test('ends the server and every process of it by its button', async () => {
    await admin.getByRole('button', { name: 'Stop server' }).click();
    await admin.getByText('the server was stopped by an administrator').first().waitFor();
    expect(await admin.getByRole('button', { name: 'Stop server' }).count()).toBe(0);
    expect(processesBelow(demo.directory, 'http.server\x005000')).toEqual([]);
    await look(admin, 'ended');
  });
});

test('works without JavaScript: looking, searching, sorting and stopping', async () => {
  const plain = await openAs('admin', { javaScriptEnabled: false });
  await plain.getByRole('searchbox').fill('bob');
  await plain.getByRole('button', { name: 'Search' }).click();
  expect(await rowHeaders(plain)).toEqual(['bob', `bob/${hostileName}`]);
  await plain.getByRole('link', { name: 'Memory' }).click();
  expect(await plain.getByRole('columnheader', { name: 'Memory' }).getAttribute('aria-sort')).toBe(
    'descending',
  );
  await plain.getByRole('link', { name: 'bob', exact: true }).click();
  expect(await plain.getByRole('log').textContent()).toContain('SingleUser');
  await plain.getByRole('button', { name: 'Stop server' }).click();
  await expect
    .poll(async () => {
      await plain.reload();
      return plain.getByRole('status').textContent();
    })
    .toContain('ended');
});

test('a script of another page on the origin reads neither the list nor a token', async () => {
  await admin.goto(`${demo.url}/hub/home`);
  const fetched = await admin.evaluate<string>(
    `fetch('/services/portwrap/').then(async (answer) => answer.status + await answer.text())`,
  );
  expect(fetched).toMatch(/^403.*FETCH_REFUSED/s);
  expect(fetched).not.toContain('form_token');
});

describe('for eyes, ears and hands', () => {
  test.each([1280, 420])('at %i pixels the table is a table, and nothing is cut off', async (width) => {
    await admin.goto(list);
    await admin.setViewportSize({ width, height: 800 });
    const tree = await admin.getByRole('table').ariaSnapshot();
    expect(tree).toContain('table "Servers of every user, with state, usage and ports"');
    expect(tree).toContain('columnheader "Memory"');
    expect(tree).toMatch(/rowheader "ann"/);
    expect(await admin.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    // the state of a card has the reason of its end as a second part
    const starts = `[...document.querySelectorAll('.servers td')].map((cell) => new Set([...cell.children].map((part) => part.getBoundingClientRect().left)).size)`;
    if (width === 420) expect(Math.max(...(await admin.evaluate<number[]>(starts)))).toBe(1);
    await admin.getByRole('link', { name: 'Memory' }).click();
    await admin.waitForURL(`${list}?sort=memory`);
  });

  test.each(['the list', 'a server that runs', 'a server that has ended', 'a page that is not there'])(
    'on %s everything has a name, can be read in light and dark, and is seen when it is in focus',
    async (which) => {
      await admin.goto(which === 'a page that is not there' ? `${list}nothing` : list);
      if (which === 'a server that runs') await admin.getByRole('link', { name: hostileName }).click();
      if (which === 'a server that has ended') await admin.getByRole('link', { name: 'ann' }).click();
      await admin.getByRole('heading', { level: 1 }).waitFor();
      expect(await treeProblems(admin)).toEqual([]);
      expect(await contrastProblems(admin)).toEqual([]);
      const { reached, unseen } = await focusProblems(admin);
      expect(unseen).toEqual([]);
      expect(reached).toBeGreaterThanOrEqual((await controlsOf(admin)).length);
    },
  );

  test('a text that is too pale would be found', async () => {
    await admin.evaluate(`
      const pale = document.querySelector('main').appendChild(document.createElement('p'));
      pale.textContent = 'hard to read';
      pale.style.color = '#999';`);
    expect(await contrastProblems(admin, 'main')).toContainEqual(
      expect.stringMatching(/^light 2.*"hard to read"$/),
    );
  });

  test('what is announced changes with the servers only, not with every number of the table', async () => {
    await admin.goto(list);
    await admin.evaluate(`
      window.announced = [];
      new MutationObserver((changes) => {
        for (const { target } of changes) {
          const element = target.nodeType === 1 ? target : target.parentElement;
          if (element?.closest('[role=status], [role=alert], [aria-live=polite]')) announced.push(element.textContent);
        }
      }).observe(document.body, { subtree: true, childList: true, characterData: true });`);
    const table = admin.getByRole('table');
    for (let refreshes = 0; refreshes < 2; refreshes += 1) {
      const before = await table.textContent();
      // its times change each minute; those of a server that does nothing may be all that does
      await expect.poll(() => table.textContent(), { timeout: 90_000 }).not.toBe(before);
    }
    expect(await admin.evaluate('announced')).toEqual([]);
  });

  test('the keyboard reaches the content first, and everything that can be pressed is seen when reached', async () => {
    await admin.goto(list);
    await admin.keyboard.press('Tab');
    expect(await admin.evaluate('document.activeElement.textContent')).toBe('Skip to the content');
    await admin.keyboard.press('Enter');
    expect(await admin.evaluate('document.activeElement.id')).toBe('main');
    await admin.keyboard.press('Tab');
    const outline = await admin.evaluate('getComputedStyle(document.activeElement).outlineStyle');
    expect(outline).toBe('solid');
  });
});

test('what is in focus stays so while the page updates itself', async () => {
  await admin.goto(list);
  await admin.getByRole('link', { name: hostileName }).focus();
  const focus = () => admin.evaluate<string>('document.activeElement.id');
  const focused = await focus();
  expect(focused).toMatch(/^link-/);
  const table = admin.getByRole('table');
  const before = await table.textContent();
  await expect.poll(() => table.textContent()).not.toBe(before);
  expect(await focus()).toBe(focused);
});

describe('a stranger', () => {
  test('is sent to the hub, and a script or a form of theirs is told to sign in', async () => {
    const opened = await fetch(list, { redirect: 'manual' });
    expect(opened.status).toBe(302);
    expect(opened.headers.get('location')).toMatch(/^\/hub\/api\/oauth2\/authorize\?/);
    const fetched = await fetch(list, { headers: { 'sec-fetch-dest': 'empty' } });
    expect([fetched.status, await fetched.text()]).toEqual([401, expect.stringContaining('SIGNED_OUT')]);
    const posted = await fetch(`${list}sign-out`, { method: 'POST', headers: { origin: demo.url } });
    expect(posted.status).toBe(401);
  });

  test('finds no protocol of hubs at the address of the page, with any token', async () => {
    const token = readFileSync(`${demo.directory}/secrets/service-token`, 'utf8').trim();
    for (const path of ['/api/users', '/services/portwrap/api/users']) {
      const answer = await fetch(`http://127.0.0.1:${demo.ports.page}${path}`, {
        headers: { authorization: `token ${token}` },
        redirect: 'manual',
      });
      expect([302, 404]).toContain(answer.status);
      expect(answer.headers.get('content-type') ?? 'text/html').toMatch(/^text\/(html|plain)/);
    }
  });

  test('cannot end a sign-in that began in another browser', async () => {
    const begun = await fetch(list, { redirect: 'manual' });
    const state = new URL(begun.headers.get('location') ?? '', list).searchParams.get('state');
    const answer = await fetch(`${list}oauth_callback?code=stolen&state=${state}`, { redirect: 'manual' });
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('SIGN_IN_EXPIRED')]);
  });
});

test('every answer forbids frames, strange scripts and caches, and the cookie is for this page alone', async () => {
  const [answer] = await Promise.all([admin.waitForResponse(list), admin.goto(list)]);
  const headers = await answer.allHeaders();
  expect(headers['content-security-policy']).toMatch(
    /^default-src 'none';script-src 'nonce-[\w-]+';style-src 'nonce-[\w-]+';/,
  );
  expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
  expect(headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
  const cookies = await admin.context().cookies();
  expect(cookies.find(({ name }) => name === 'portwrap-page')).toMatchObject({
    path: '/services/portwrap/',
    httpOnly: true,
    sameSite: 'Lax',
  });
});

test("the hub's logout signs out here at once", async () => {
  await annsPage.goto(`${demo.url}/hub/logout`);
  await annsPage.goto(list);
  await annsPage.getByLabel('Username').waitFor();
  expect(new URL(annsPage.url()).pathname).toBe('/hub/login');
});

test('docs/admin-page.md shows the lines with which this hub runs', () => {
  const page = readFileSync(new URL('../../docs/admin-page.md', import.meta.url), 'utf8');
  const lines = /```python\n(.*?)```/s.exec(page)?.[1] ?? '';
  const shown = lines.replaceAll(/^ {3}/gm, '').replace('/etc/portwrap-spawner', `${demo.directory}/secrets`);
  const runs = readFileSync(`${demo.directory}/hub/jupyterhub_config.py`, 'utf8');
  const settings = [shown.replace(':8096', `:${demo.ports.page}`), runs].map(settingsOf);
  expect(settings[0]).toEqual(settings[1]);
  expect(settings[0]).toContain('access:services!service=portwrap');
});

/** What a jupyterhub_config.py says about services and roles. */
function settingsOf(config: string): string {
  const read = `
import json, sys
from traitlets.config import Config
c = Config()
exec(sys.stdin.read())
print(json.dumps([c.JupyterHub.services, c.JupyterHub.load_roles]))`;
  const PYTHONPATH = new URL('../../scripts/demo/hub', import.meta.url).pathname;
  const env = { ...process.env, PYTHONPATH };
  return execFileSync('/usr/bin/python3', ['-c', read], { input: config, encoding: 'utf8', env });
}

function rowHeaders(page: Page): Promise<string[]> {
  return page.getByRole('rowheader').allInnerTexts();
}
