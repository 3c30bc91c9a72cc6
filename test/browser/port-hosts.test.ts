// Ports inside servers with c.JupyterHub.subdomain_host, over https, at a real hub in a real browser: each port has a host of
// its own below hub.localhost, where programs need no prefix and share no origin with the hub. Screenshots go to
// test-results/. Not here: names of hosts one by one (test/unit/spawner/routes).
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { certificates } from '../integration/proxy/support/certificates.ts';
import { launchBrowser, openSignedIn } from '../support/browser/browser-session.ts';
import { askHost, openSocket } from '../support/hub/host-request.ts';
import { hubMajor } from '../support/hub/hub-process.ts';
import { startTestHub, type TestHub } from '../support/hub/test-hub.ts';

const results = new URL('../../test-results/', import.meta.url).pathname;
const script = readFileSync(new URL('../fixtures/hub/ports.mjs', import.meta.url), 'utf8');
const command = JSON.stringify([process.execPath, '--input-type=module', '-e', script]);
const profiles = `  - {name: open, command: ${command}, ready_path: /, stop_timeout: 1, port_sharing: [{with_users: [bob]}]}\n`;
const authority = certificates();
/** Of the host that the hub gives the page. */
const pageLabel = hubMajor < 5 ? 'services' : 'portwrap--service';
const enough = { timeout: 90_000, interval: 200 };

let hub: TestHub;
let browser: Browser;
let alice: Page;
/** `alice.hub.localhost:PORT` and the like. */
let on: (label: string) => string;
let list: string;
beforeAll(async () => {
  mkdirSync(results, { recursive: true });
  const tls = authority.issue('hub', 'DNS:hub.localhost,DNS:*.hub.localhost');
  hub = await startTestHub(profiles, '', {
    ...{ subdomains: 'hub.localhost', withPage: true, portLinks: true, tls },
  });
  on = (label) => hub.url.replace('//', `//${label}.`);
  list = `${on(pageLabel)}/services/portwrap/`;
  browser = await launchBrowser();
  await hub.startServer('alice');
  alice = await openAs('alice');
}, 300_000);
afterAll(async () => {
  await browser?.close();
  await hub?.dispose();
}, 60_000);

function openAs(name: string): Promise<Page> {
  return openSignedIn(browser, list, { name, password: hub.password }, { ignoreHTTPSErrors: true });
}

/** The Cookie field that somebody's browser sends to an address. */
async function cookiesOf(page: Page, address: string): Promise<string> {
  const cookies = await page.context().cookies(address);
  return cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
}

/** Opens an address in a new tab, and closes it: its text, where it led and the status. */
async function look(page: Page, address: string) {
  const tab = await page.context().newPage();
  const answer = await tab.goto(address);
  const seen = { text: (await answer?.text()) ?? '', url: tab.url(), status: answer?.status() };
  await tab.close();
  return seen;
}

test('the page has a link to the host of each port, which opens the program without a prefix', async () => {
  const link = alice.getByRole('link', { name: 'Open localhost:9000, port 9000, in a new tab' });
  expect(await link.getAttribute('href')).toBe(`${on('9000--alice')}/`);
  for (const width of [1280, 400]) {
    await alice.setViewportSize({ width, height: 800 });
    await alice.screenshot({ path: `${results}port-hosts-${width}.png`, fullPage: true });
  }
  const [tab] = await Promise.all([alice.context().waitForEvent('page'), link.click()]);
  await tab.waitForURL(`${on('9000--alice')}/`);
  await tab.goto(`${on('9000--alice')}/page`);
  // its script reaches the program by fetch and WebSocket, with the cookie that it has set and no other
  await expect.poll(() => tab.title(), { timeout: 60_000 }).toBe('script=1 true false');
  await tab.close();
}, 180_000);

test('a browser that is not signed in signs in at the hub, and comes back to the path and query', async () => {
  const address = `${on('9000--alice')}/a/b?c=d&e`;
  const tab = await openSignedIn(
    browser,
    address,
    { name: 'alice', password: hub.password },
    { ignoreHTTPSErrors: true },
  );
  expect(JSON.parse((await tab.locator('body').textContent()) ?? '').url).toBe('/a/b?c=d&e');
  await tab.context().close();
}, 120_000);

test('a path that somebody types at the host of the user leads to the host of the port, also if nobody has listed it', async () => {
  const { text, url } = await look(alice, `${on('alice')}/user/alice/port/9002/x?y=1`);
  expect([text, url]).toEqual(['9002', `${on('9002--alice')}/x?y=1`]);
}, 120_000);

test('programs list and show the same addresses', async () => {
  const { body } = await hub.service.call('GET', '/users/alice/server/ports');
  const ports = body as unknown as { port: number; path: string | null; url: string | null }[];
  const of = (number: number) => ports.find(({ port }) => port === number);
  expect(of(9001)).toMatchObject({ path: null, url: `${on('9001--alice')}/` });
  expect(of(8888)).toMatchObject({ path: null, url: null });
  const main = new URL('../../dist/spawner/main.js', import.meta.url).pathname;
  const words = [main, 'show', 'alice', '--hub', 'hub', '--config', hub.service.config];
  expect((await promisify(execFile)(process.execPath, words)).stdout).toContain(`${on('9001--alice')}/`);
}, 120_000);

test("the server's own port leads to the server", async () => {
  const { status, headers } = await askHost(`${on('8888--alice')}/`);
  // nobody has listed it, so the hub answers
  expect([status, headers.location]).toEqual([302, expect.stringContaining('/hub/')]);
  expect((await look(alice, `${on('alice')}/user/alice/port/8888/`)).url).toBe(`${on('alice')}/user/alice/`);
}, 120_000);

describe('the program', () => {
  interface Told {
    readonly fields: readonly string[];
  }
  const field = ({ fields }: Told, name: string) => {
    const at = fields.findIndex((one, index) => index % 2 === 0 && one.toLowerCase() === name);
    return at < 0 ? undefined : fields[at + 1];
  };

  test('sees itself at localhost, where it really is in X-Forwarded-*, and credentials that are its own', async () => {
    const own = on('9000--alice');
    const cookie = `${await cookiesOf(alice, own)}; jupyterhub-user-alice=secret; _xsrf=own`;
    expect(cookie).toContain('__Host-portwrap-port=');
    expect(cookie).toContain('jupyterhub-session-id=');
    const fields = { cookie, origin: own, authorization: 'Bearer own', referer: `${hub.url}/hub?secret` };
    const { text } = await askHost(`${own}/`, fields);
    const told = JSON.parse(text) as Told;
    expect(text).not.toMatch(/secret|jupyterhub|portwrap-/);
    expect(field(told, 'host')).toBe('localhost:9000');
    expect(field(told, 'origin')).toBe('http://localhost:9000');
    expect(field(told, 'x-forwarded-host')).toBe(new URL(own).host);
    expect(field(told, 'x-forwarded-proto')).toBe('https');
    expect(field(told, 'x-forwarded-prefix')).toBeUndefined();
    expect(field(told, 'authorization')).toBe('Bearer own');
    expect(field(told, 'cookie')?.split('; ')).toContain('_xsrf=own');
  }, 120_000);

  test('sets cookies for its own host only, and none of ours or of the hub', async () => {
    const own = on('9000--alice');
    const { headers } = await askHost(`${own}/lies`, { cookie: await cookiesOf(alice, own) });
    expect(headers['set-cookie']).toEqual([
      'own=1; HttpOnly; Path=/',
      'deep=2; Path=/a',
      '_xsrf=stolen; Path=/',
    ]);
    const passed = Object.keys(headers).filter((name) => /^(?:clear|strict|alt|report|nel)/.test(name));
    expect(passed).toEqual([]);
  }, 120_000);

  test('is redirected where it means', async () => {
    const own = on('9000--alice');
    const cookie = await cookiesOf(alice, own);
    const to = async (address: string) =>
      (await askHost(`${own}/to?address=${encodeURIComponent(address)}`, { cookie })).headers.location;
    expect(await to('/next?a=b')).toBe('/next?a=b');
    expect(await to('http://localhost:9000/x')).toBe(`${own}/x`);
    expect(await to('https://elsewhere.example/x')).toBe('https://elsewhere.example/x');
  }, 120_000);
});

describe('nobody opens a port', () => {
  const scripted = { 'sec-fetch-dest': 'empty', 'sec-fetch-site': 'same-origin' };

  test('who is not signed in', async () => {
    const own = on('9000--alice');
    expect((await askHost(`${own}/`, {}, 'POST')).status).toBe(401);
    expect((await askHost(`${own}/`, scripted)).status).toBe(401);
    expect((await openSocket(`${own}/socket`, own)).status).toBe(401);
    const cookie = '__Host-portwrap-port=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa';
    expect((await askHost(`${own}/`, { cookie })).status).toBe(302);
  }, 60_000);

  test('who is another user', async () => {
    const bob = await openAs('bob');
    const { status, text, url } = await look(bob, `${on('9000--alice')}/`);
    expect([status, text]).toEqual([403, expect.stringContaining('PORT_REFUSED')]);
    expect(url).toContain(list);
    await bob.context().close();
  }, 120_000);

  test('with the cookie of another port, without the cookie of its own name, or by another host', async () => {
    const cookie = await cookiesOf(alice, on('9000--alice'));
    expect((await askHost(`${on('9001--alice')}/`, { cookie })).status).toBe(302);
    const renamed = cookie.replace('__Host-portwrap-port', 'portwrap-port');
    expect((await askHost(`${on('9000--alice')}/`, { cookie: renamed })).status).toBe(302);
    const { port } = new URL(hub.url);
    for (const host of [
      '9000--alice.hub.localhost.evil.example',
      'x.9000--alice.hub.localhost',
      'alice.hub.localhost',
    ])
      expect(
        (await askHost(`${on('9000--alice')}/`, { cookie, host: `${host}:${port}` })).text,
      ).not.toContain('localhost:9000');
  }, 60_000);

  test('by a page of another port, or of the user', async () => {
    const own = on('9000--alice');
    const cookie = await cookiesOf(alice, own);
    for (const origin of [on('9001--alice'), on('alice'), hub.url, own.replace('https', 'http'), 'null']) {
      expect((await openSocket(`${own}/socket`, origin, { cookie })).status).toBe(403);
      expect((await askHost(`${own}/`, { cookie, origin }, 'POST')).status).toBe(403);
    }
    const framed = { cookie, 'sec-fetch-site': 'same-site', 'sec-fetch-dest': 'iframe' };
    expect((await askHost(`${own}/`, framed)).status).toBe(403);
    const right = await openSocket(`${own}/socket`, own, { cookie });
    expect(right.status).toBe(101);
    right.socket.close();
  }, 60_000);
});

describe('a code', () => {
  /** One that the page gives alice's browser, and the cookie of the browser that has asked. */
  async function codeFor(address: string): Promise<{ back: string; cookie: string }> {
    const asked = await askHost(address);
    const cookie = asked.headers['set-cookie']?.[0]?.split(';')[0] ?? '';
    expect(cookie).toMatch(/^__Host-portwrap-visit-/);
    const fields = { cookie: await cookiesOf(alice, list), 'sec-fetch-dest': 'document' };
    const { headers } = await askHost(asked.headers.location ?? '', fields);
    return { back: headers.location ?? '', cookie };
  }

  test('gives the browser that has asked a cookie, once', async () => {
    const own = on('9000--alice');
    const { back, cookie } = await codeFor(`${own}//evil.example/x`);
    expect(back).toMatch(
      /^https:\/\/9000--alice\.hub\.localhost:\d+\/\.well-known\/portwrap-sign-in\?code=[\w-]{43}$/,
    );
    const { status, headers } = await askHost(back, { cookie });
    expect([status, headers.location]).toEqual([302, `${own}//evil.example/x`]);
    expect(headers['set-cookie']?.[0]).toMatch(
      /^__Host-portwrap-port=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure$/,
    );
    expect(headers['referrer-policy']).toBe('no-referrer');
    const again = await askHost(back, { cookie });
    expect([again.status, again.text]).toEqual([400, expect.stringContaining('SIGN_IN_EXPIRED')]);
    expect(again.headers['set-cookie']).toBeUndefined();
  }, 60_000);

  test('gives nothing to another browser, and nothing at the host of another port', async () => {
    const first = await codeFor(`${on('9000--alice')}/`);
    expect((await askHost(first.back)).status).toBe(400);
    const { back, cookie } = await codeFor(`${on('9000--alice')}/`);
    const elsewhere = back.replace('9000--alice', '9001--alice');
    expect((await askHost(elsewhere, { cookie })).status).toBe(400);
    const victim = await browser.newContext({ ignoreHTTPSErrors: true });
    const page = await victim.newPage();
    const answer = await page.goto((await codeFor(`${on('9000--alice')}/`)).back);
    expect([answer?.status(), await victim.cookies()]).toEqual([400, []]);
    await victim.close();
  }, 60_000);

  test.each([
    'https://evil.example/',
    'https://9000--alice.hub.localhost.evil.example/',
    'http://9000--alice.hub.localhost/',
    'https://9000--alice.hub.localhost/',
    '//evil.example/',
    'javascript:alert(1)',
    'https://9000--nobody.hub.localhost/',
  ])('is not given for %s', async (to) => {
    const query = new URLSearchParams({ to, challenge: 'a'.repeat(43) });
    const fields = { cookie: await cookiesOf(alice, list), 'sec-fetch-dest': 'document' };
    const { status, headers } = await askHost(`${list}open-port?${query}`, fields);
    expect([status, headers.location]).toEqual([404, undefined]);
  });
});

test('a shared port is asked about, opened at its own origin, where scripts reach nothing of the hub, and cut', async () => {
  const bob = await openAs('bob');
  await alice.goto(list);
  await alice.getByRole('link', { name: 'alice', exact: true }).click();
  await alice.getByLabel('Port', { exact: true }).fill('9000');
  await alice.getByLabel('Users').fill('bob');
  await alice.getByRole('button', { name: 'Share' }).click();
  await alice.getByRole('button', { name: 'Revoke port 9000 for bob' }).waitFor();
  await bob.goto(list);
  const link = bob.getByRole('link', { name: 'Open port 9000 of alice, in a new tab' });
  const [tab] = await Promise.all([bob.context().waitForEvent('page'), link.click()]);
  await tab.getByRole('heading', { name: 'Open a port of alice?' }).waitFor();
  await tab.setViewportSize({ width: 400, height: 800 });
  await tab.screenshot({ path: `${results}port-hosts-visit.png`, fullPage: true });
  await tab.getByRole('button', { name: 'Open it' }).click();
  await tab.waitForURL(`${on('9000--alice')}/`);
  const read = (address: string) =>
    tab.evaluate<string>(
      `fetch('${address}', { credentials: 'include' }).then((answer) => answer.text(), (error) => error.name)`,
    );
  expect(await read(list)).toBe('TypeError');
  expect(await read(`${hub.url}/hub/api/user`)).toBe('TypeError');
  // at its own host there is no hub
  expect(JSON.parse(await read('/hub/api/user')).url).toBe('/hub/api/user');
  await tab.evaluate(
    `void (window.cut = new Promise((resolve) => { const socket = new WebSocket('/socket'); socket.onmessage = () => (window.isOpen = true); socket.onclose = () => resolve('cut'); }))`,
  );
  await tab.waitForFunction('window.isOpen');
  await alice.getByRole('button', { name: 'Revoke port 9000 for bob' }).click();
  await alice.getByText('No port of this server is shared.').waitFor();
  expect(await tab.evaluate('window.cut')).toBe('cut');
  expect((await look(bob, `${on('9000--alice')}/`)).status).toBe(403);
  await bob.context().close();
}, 300_000);

/** Names that are no part of a host name; JupyterHub 6 makes no more servers with such names. */
const oddName = hubMajor < 6 ? 'Ünï --x' : 'x-2';
const oddLabel = hubMajor < 6 ? /^9001--nxalice--id--[0-9a-f]{32}$/ : /^9001--x-2--alice$/;

test('named servers have hosts of their own, whatever they are called', async () => {
  await hub.startServer('alice', { name: 'lab' });
  await hub.startServer('alice', { name: oddName });
  const { text, url } = await look(alice, `${on('alice')}/user/alice/lab/port/9001/`);
  expect([text, url]).toEqual(['9001', `${on('9001--lab--alice')}/`]);
  const name = encodeURIComponent(oddName);
  const odd = await look(alice, `${on('alice')}/user/alice/${name}/port/9001/`);
  expect(odd.text).toBe('9001');
  const [label] = new URL(odd.url).hostname.split('.hub.localhost');
  expect(label).toMatch(oddLabel);
}, 300_000);

test('a server of a user whose host has the form of a port is refused', async () => {
  const request = {
    ...{ spawn_id: 'taken-host-1', route_prefix: '/user/9000--alice/' },
    route_host: '9000--alice.hub.localhost',
  };
  const { status, body } = await hub.service.call('POST', '/users/9000--alice/server', request);
  expect([status, body.code]).toEqual([403, 'USER_REFUSED']);
});

describe('restarts', () => {
  test('a killed service keeps the routes, and browsers sign in again by themselves', async () => {
    await hub.service.restart('SIGKILL');
    expect(Object.keys(await hub.routes())).toContain('/9000--alice.hub.localhost');
    await expect
      .poll(async () => (await look(alice, `${on('9001--alice')}/`)).text, { timeout: 60_000 })
      .toBe('9001');
  }, 180_000);

  test('a proxy that has lost its routes gets them back, also with a service that was killed meanwhile', async () => {
    await hub.service.restart('SIGKILL', async () => {
      const { pid } = { pid: hub.proxyPid() };
      process.kill(pid, 'SIGKILL');
      // the hub starts another one, which knows nothing
      await vi.waitUntil(() => {
        try {
          return hub.proxyPid() !== pid;
        } catch {
          return false;
        }
      }, enough);
    });
    const known = async () => Object.keys(await hub.routes().catch(() => ({})));
    await expect.poll(known, { timeout: 60_000 }).toContain('/9000--alice.hub.localhost');
  }, 240_000);
});

test('the end of the server ends the connections and removes the routes, and no other', async () => {
  const own = on('9000--alice');
  await expect.poll(async () => (await look(alice, `${own}/`)).status, { timeout: 60_000 }).toBe(200);
  const { socket, status } = await openSocket(`${own}/socket`, own, { cookie: await cookiesOf(alice, own) });
  expect(status).toBe(101);
  const closed = once(socket, 'close');
  const ofPorts = async () => Object.keys(await hub.routes()).filter((path) => /^\/\d/.test(path));
  const other = '/9001--lab--alice.hub.localhost';
  await expect.poll(ofPorts, enough).toContain(other);
  await hub.stopServer('alice');
  await closed;
  const ofEnded = async () => (await ofPorts()).filter((path) => /^\/\d+--alice\./.test(path));
  await expect.poll(ofEnded, enough).toEqual([]);
  expect(await ofPorts()).toContain(other);
}, 120_000);
