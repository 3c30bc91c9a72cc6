// The admin page and users' servers with c.JupyterHub.subdomain_host, over https, at a real hub in a real browser: hub,
// services and users each have a host of their own below hub.localhost, which the browser resolves by itself.
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { certificates } from '../integration/proxy/support/certificates.ts';
import { launchBrowser, openSignedIn } from '../support/browser/browser-session.ts';
import { hubMajor, withNotebook } from '../support/hub/hub-process.ts';
import { startTestHub, type TestHub } from '../support/hub/test-hub.ts';

const authority = certificates();
/** Of the host that the hub gives the page. */
const pageLabel = hubMajor < 5 ? 'services' : 'portwrap--service';
let hub: TestHub;
let browser: Browser;
let admin: Page;
let alice: Page;
let list: string;
/** `alice.hub.localhost:PORT` and the like. */
let on: (label: string) => string;

beforeAll(async () => {
  const tls = authority.issue('hub', 'DNS:hub.localhost,DNS:*.hub.localhost');
  hub = await startTestHub('  - name: default\n', withNotebook, {
    ...{ subdomains: 'hub.localhost', withPage: true, tls },
  });
  on = (label) => hub.url.replace('//', `//${label}.`);
  list = `${on(pageLabel)}/services/portwrap/`;
  browser = await launchBrowser();
  admin = await openAs('admin', list);
}, 240_000);
afterAll(async () => {
  await browser?.close();
  await hub?.dispose();
}, 60_000);

function openAs(name: string, address: string): Promise<Page> {
  return openSignedIn(browser, address, { name, password: hub.password }, { ignoreHTTPSErrors: true });
}

test('signing in at the host of the hub leads back to the page, at the host of the services', async () => {
  expect(await admin.getByRole('heading', { level: 1 }).textContent()).toBe('Servers');
  expect(await admin.locator('.who').textContent()).toContain('administrator');
  expect(await admin.getByRole('link', { name: 'To the hub' }).getAttribute('href')).toBe(
    `${hub.url}/hub/home`,
  );
});

test("the session's cookie is for the page's host and path alone, and good with one of that host only", async () => {
  const cookies = await admin.context().cookies();
  const common = { domain: `${pageLabel}.hub.localhost`, httpOnly: true, secure: true, sameSite: 'Lax' };
  expect(cookies.find(({ name }) => name === 'portwrap-page')).toMatchObject({
    ...{ ...common, path: '/services/portwrap/' },
  });
  expect(cookies.find(({ name }) => name === '__Host-portwrap-browser')).toMatchObject({
    ...{ ...common, path: '/' },
  });
});

test("a user's server answers at the user's own host, by the one route that hub and service agree on", async () => {
  expect((await hub.api('POST', '/users/alice/server')).status).toBeLessThan(300);
  await admin.getByRole('link', { name: 'alice' }).waitFor({ timeout: 30_000 });
  const ready = async () => (await hub.api('GET', '/users/alice')).body.server;
  await expect.poll(ready, { timeout: 60_000 }).not.toBeNull();
  alice = await openAs('alice', `${on('alice')}/user/alice/tree`);
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

describe("a page of a user that sets cookies for the hosts of the site, from a stranger's browser", () => {
  let mallory: BrowserContext;

  beforeAll(async () => {
    mallory = (await openAs('bob', list)).context();
  });

  test("does not put who is signed out into the stranger's session", async () => {
    const stolen = (await mallory.cookies(list)).filter(({ name }) => name.includes('portwrap'));
    expect(stolen.map(({ name }) => name).sort()).toEqual(['__Host-portwrap-browser', 'portwrap-page']);
    const victim = await withTossed(stolen);
    await victim.goto(list);
    await victim.getByLabel('Username').waitFor();
    expect(victim.url()).toMatch(/^https:\/\/hub\.localhost:\d+\/hub\/login/);
    await victim.context().close();
  });

  test("does not end the stranger's sign-in in the browser of another", async () => {
    const page = await mallory.newPage();
    await mallory.clearCookies({ name: 'portwrap-page' });
    // page.route() does not see where a redirect leads
    const devtools = await mallory.newCDPSession(page);
    const stopped = new Promise<string>((resolve) => {
      devtools.once('Fetch.requestPaused', ({ requestId, request: { url } }) => {
        void devtools
          .send('Fetch.failRequest', { requestId, errorReason: 'Aborted' })
          .then(() => resolve(url));
      });
    });
    await devtools.send('Fetch.enable', { patterns: [{ urlPattern: '*/oauth_callback?*' }] });
    await page.goto(list).catch(() => {});
    const callback = await stopped;
    expect(callback).toContain('code=');
    const victim = await withTossed(
      (await mallory.cookies(list)).filter(({ name }) => name.includes('sign-in')),
    );
    const response = await victim.goto(callback);
    expect([response?.status(), await response?.text()]).toEqual([
      400,
      expect.stringContaining('SIGN_IN_EXPIRED'),
    ]);
    await victim.context().close();
  });

  /** Somebody's browser that has visited a page of alice, whose script has set the cookies under each name it could have. */
  async function withTossed(cookies: readonly { name: string; value: string }[]): Promise<Page> {
    expect(cookies).not.toEqual([]);
    const page = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
    await page.goto(`${on('alice')}/user/alice/tree`);
    for (const { name, value } of cookies) {
      for (const called of new Set([name, name.replace('__Host-', ''), name.replace('__Host-', '__host-')])) {
        for (const path of ['/', '/services/portwrap/']) {
          const cookie = `${called}=${value}; Domain=hub.localhost; Path=${path}; Secure`;
          await page.evaluate(`document.cookie = ${JSON.stringify(cookie)}`);
        }
      }
    }
    const kept = (await page.context().cookies(list)).map(({ name }) => name);
    expect(kept).toEqual(expect.arrayContaining([expect.stringMatching(/^portwrap-/)]));
    return page;
  }
});

test('a server is stopped by the button, which a form of the page sends', async () => {
  await admin.goto(list);
  await admin.getByRole('link', { name: 'alice' }).click();
  await admin.getByRole('button', { name: 'Stop server' }).click();
  await admin.getByText('the server was stopped by an administrator').first().waitFor();
  const { body } = await hub.service.call('GET', '/users/alice/server');
  expect(body.state ?? body.code).toMatch(/^(?:exited|SERVER_UNKNOWN)$/);
});

test('signing out goes on to the logout of the hub, at its own host', async () => {
  await admin.getByRole('button', { name: 'Sign out' }).click();
  await admin.waitForURL(/^https:\/\/hub\.localhost:\d+\/hub\/(?:login|logout)/);
  await admin.goto(list);
  await admin.getByLabel('Username').waitFor();
  expect(new URL(admin.url()).pathname).toBe('/hub/login');
});

test("the hub's logout signs out here at once", async () => {
  const bob = await openAs('bob', list);
  await bob.goto(`${hub.url}/hub/logout`);
  await bob.goto(list);
  await bob.getByLabel('Username').waitFor();
  expect(new URL(bob.url()).pathname).toBe('/hub/login');
});
