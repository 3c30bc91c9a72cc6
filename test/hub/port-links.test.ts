// Ports inside servers as links, at a real hub: whose they are, what the program sees and can do, and what ends them.
// Not here: relays (test/integration/portwrap/relay.test.ts), header fields one by one (test/unit/spawner/page/links).
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { HubBrowser } from '../support/browser/hub-browser.ts';
import { startTestHub, type TestHub } from '../support/hub/test-hub.ts';

const script = readFileSync(new URL('../fixtures/hub/ports.mjs', import.meta.url), 'utf8');
const command = JSON.stringify([process.execPath, '--input-type=module', '-e', script]);
const profiles = `
  - {name: open, command: ${command}, ready_path: /, stop_timeout: 1}
  - {name: shut, command: ${command}, ready_path: /, stop_timeout: 1, port_links: false}
`;
/** Tokens of the page have this right of their person, if the person has it. */
const config = `
for service in c.JupyterHub.services:
    if service["name"] == "portwrap":
        service["oauth_client_allowed_scopes"] = ["access:servers"]
`;
const enough = { timeout: 60_000, interval: 200 };

let hub: TestHub;
let alice: HubBrowser;
let bob: HubBrowser;
beforeAll(async () => {
  hub = await startTestHub(profiles, config, { withPage: true, portLinks: true });
  // the hub answers before its route is in the proxy
  await vi.waitUntil(async () => (await fetch(`${hub.url}/hub/login`)).status === 200, enough);
  [alice, bob] = [await signedIn('alice'), await signedIn('bob')];
  await hub.startServer('alice', { options: { profile: 'open' } });
}, 300_000);
afterAll(() => hub?.dispose(), 60_000);

async function signedIn(name: string): Promise<HubBrowser> {
  const browser = new HubBrowser(hub.url);
  await browser.logIn(name, hub.password);
  return browser;
}

interface Told {
  readonly method: string;
  readonly url: string;
  readonly fields: readonly string[];
  readonly body: string;
}

/** What the program says it was asked, and each header field by its lower-case name. */
function told(text: string): Told & { field: (name: string) => string | undefined } {
  const said = JSON.parse(text) as Told;
  const at = (name: string) =>
    said.fields.findIndex((field, index) => index % 2 === 0 && field.toLowerCase() === name);
  return { ...said, field: (name) => (at(name) < 0 ? undefined : said.fields[at(name) + 1]) };
}

const port = (number: number, rest = '/') => `/user/alice/port/${number}${rest}`;

/** One request with somebody's cookies, redirects not followed. */
function raw(path: string, browser: HubBrowser | null, headers: Record<string, string> = {}, method = 'GET') {
  const cookie = browser === null ? {} : { cookie: browser.cookieHeader(path) };
  const sent = request(new URL(path, hub.url), { method, headers: { ...cookie, ...headers }, agent: false });
  return new Promise<{ status: number; headers: Record<string, unknown>; fields: string[]; text: string }>(
    (resolve, reject) => {
      sent.on('error', reject).end();
      sent.once('response', async (answer) => {
        let text = '';
        for await (const part of answer.setEncoding('utf8')) text += part;
        const { statusCode: status = 0, headers: named, rawHeaders: fields } = answer;
        resolve({ status, headers: named, fields, text });
      });
    },
  );
}

/** What portwrap-spawner show prints. */
async function show(server: string): Promise<string> {
  const main = new URL('../../dist/spawner/main.js', import.meta.url).pathname;
  const words = [main, 'show', server, '--hub', 'hub', '--config', hub.service.config];
  return (await promisify(execFile)(process.execPath, words)).stdout;
}

/** Opens a WebSocket with somebody's cookies: its first message, or the status of the refusal. */
async function socketOf(browser: HubBrowser | null, path: string, origin = hub.url) {
  const headers = browser === null ? {} : { cookie: browser.cookieHeader(path) };
  const socket = new WebSocket(new URL(path, hub.url.replace('http', 'ws')), { origin, headers });
  const refused = once(socket, 'unexpected-response').then(([, answer]) => {
    socket.on('error', () => {}).terminate();
    return { socket, first: null, status: Number(answer.statusCode) };
  });
  const opened = once(socket, 'message').then(([data]) => ({ socket, first: String(data), status: 101 }));
  socket.on('error', () => {});
  return Promise.race([opened, refused]);
}

describe('who may open a port', () => {
  test('its user, signed in by the hub on the way, with path and query as they were', async () => {
    const { status, text, url } = await alice.open(port(9000, '/a%20b?c=d&e'));
    expect([status, told(text).url]).toEqual([200, '/a%20b?c=d&e']);
    expect(url).toBe(`${hub.url}${port(9000, '/a%20b?c=d&e')}`);
  });

  test('no other user, not even one who has opened the page, and not with a cookie of the owner alone', async () => {
    const { status, text } = await bob.open(port(9000));
    expect([status, text]).toEqual([403, expect.stringContaining('PORT_REFUSED')]);
    await alice.open(port(9000));
    const stolen = /portwrap-port=[^;]+/.exec(alice.cookieHeader(port(9000)))?.[0] ?? 'none';
    await alice.open('/services/portwrap/');
    expect((await raw(port(9000), null, { cookie: `${stolen.slice(0, -2)}xx` })).status).toBe(302);
  });

  test('an administrator whom the hub lets use the server', async () => {
    const admin = await signedIn('admin');
    const { status, text } = await admin.open(port(9000));
    expect([status, told(text).field('x-forwarded-prefix')]).toEqual([200, '/user/alice/port/9000']);
  });

  test('who may has links on the page of the server, but to the port that has its own address', async () => {
    const link = /href="([^"]*\/servers\/[0-9a-f]{12})"/.exec(
      (await alice.open('/services/portwrap/')).text,
    )?.[1];
    const { text } = await alice.open(link ?? 'none');
    expect(text).toContain('href="/user/alice/port/9001/"');
    expect(text).not.toContain('href="/user/alice/port/8888/"');
    expect(text.match(/rel="noopener noreferrer"/g)?.length).toBeGreaterThan(50);
  });

  test('nobody who is not signed in: pages are sent to sign in, everything else is refused', async () => {
    expect(await raw(port(9000), null)).toMatchObject({
      status: 302,
      headers: { location: `/services/portwrap/open-port?to=${encodeURIComponent(port(9000))}` },
    });
    for (const [method, headers] of [
      ['POST', {}],
      ['GET', { 'sec-fetch-dest': 'empty', 'sec-fetch-site': 'same-origin' }],
    ] as const)
      expect((await raw(port(9000), null, headers, method)).status).toBe(401);
    expect((await socketOf(null, port(9000))).status).toBe(401);
  });

  test('nobody by a page of another origin, whose requests browsers send with cookies', async () => {
    await alice.open(port(9000));
    const foreign = { origin: 'http://bob.example', 'sec-fetch-site': 'same-site' };
    expect((await raw(port(9000), alice, foreign, 'POST')).status).toBe(403);
    expect(
      (await raw(port(9000), alice, { 'sec-fetch-site': 'same-site', 'sec-fetch-dest': 'script' })).status,
    ).toBe(403);
    expect((await socketOf(alice, port(9000), 'http://bob.example')).status).toBe(403);
    const link = {
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
    };
    expect((await raw(port(9000), alice, link)).status).toBe(200);
  });

  test('nobody where the profile does not allow it, and nobody without the server', async () => {
    await hub.startServer('bob', { options: { profile: 'shut' } });
    expect((await bob.open('/user/bob/port/9000/')).status).toBe(404);
    expect((await raw('/user/carol/port/9000/', alice)).status).not.toBe(200);
  });

  test('named servers have ports of their own, and the hub still reaches both servers', async () => {
    await hub.startServer('alice', { name: 'lab', options: { profile: 'open' } });
    const { status, text } = await alice.open('/user/alice/lab/port/9000/x');
    expect([status, told(text).field('x-forwarded-prefix')]).toEqual([200, '/user/alice/lab/port/9000']);
    for (const path of ['/user/alice/x', '/user/alice/lab/x', '/user/alice/portfolio'])
      expect((await alice.open(path)).text).toBe('yes');
  });

  test('the port of the server itself leads to its own address', async () => {
    expect((await alice.open(port(8888))).url).toBe(`${hub.url}/user/alice/`);
  });
});

describe('the program', () => {
  test('sees no cookie and no token of the hub, of Jupyter or of the page, and its own cookies', async () => {
    await alice.open('/user/alice/');
    await alice.open(port(9000, '/lies'));
    const sent = `${alice.cookieHeader(port(9000))}; jupyterhub-user-alice=secret; _xsrf=secret; username-x=secret; __Host-portwrap-browser=secret`;
    expect(sent).toContain('jupyterhub-session-id=');
    const referer = `${hub.url}/hub/home?token=secret`;
    const { text } = await raw(port(9000), null, { cookie: sent, authorization: 'token secret', referer });
    const said = told(text);
    expect(said.field('cookie')?.split('; ').sort()).toEqual(['own=1']);
    expect(text).not.toMatch(/secret|jupyterhub|portwrap-|authorization/i);
  });

  test('sees itself at localhost, and where it really is in X-Forwarded-*, whatever the browser claims', async () => {
    await alice.open(port(9000));
    const lies = {
      'x-forwarded-prefix': '/lie',
      'x-forwarded-host': 'lie',
      forwarded: 'host=lie',
      origin: hub.url,
    };
    const said = told((await raw(port(9000), alice, lies)).text);
    expect(
      ['host', 'origin', 'x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-prefix'].map(said.field),
    ).toEqual([
      'localhost:9000',
      'http://localhost:9000',
      new URL(hub.url).host,
      'http',
      '/user/alice/port/9000',
    ]);
    expect(JSON.stringify(said.fields)).not.toContain('lie');
  });

  test('sets cookies for its own path only, none of others, and nothing for the whole host', async () => {
    await alice.open(port(9000));
    const { headers } = await raw(port(9000, '/lies'), alice);
    expect(headers['set-cookie']).toEqual([
      'own=1; HttpOnly; Path=/user/alice/port/9000/',
      'deep=2; Path=/user/alice/port/9000/a',
    ]);
    const passed = Object.keys(headers).filter((name) =>
      /^(?:clear|strict|alt|service|report|nel|www|origin|accept)/.test(name),
    );
    expect(passed).toEqual([]);
  });

  test.each([
    ['/next?a=b', '/user/alice/port/9000/next?a=b'],
    ['/user/alice/port/9000/known', '/user/alice/port/9000/known'],
    ['relative', 'relative'],
    ['http://localhost:9000/x', '/user/alice/port/9000/x'],
    ['http://127.0.0.1:9000', '/user/alice/port/9000/'],
    ['https://elsewhere.example/x', 'https://elsewhere.example/x'],
  ])('is redirected from %s to %s', async (from, to) => {
    await alice.open(port(9000));
    const { status, headers } = await raw(port(9000, `/to?address=${encodeURIComponent(from)}`), alice);
    expect([status, headers.location]).toEqual([302, to]);
  });

  test('gets the body of a request', async () => {
    await alice.open(port(9000));
    const { text } = await alice.open(port(9000, '/form'), { method: 'POST', body: 'x'.repeat(100_000) });
    expect([told(text).method, told(text).body.length]).toEqual(['POST', 100_000]);
  });

  test('is reached by WebSockets, with the same header fields', async () => {
    await alice.open(port(9000, '/lies'));
    const { socket, first, status } = await socketOf(alice, port(9000, '/socket'));
    expect(status).toBe(101);
    expect(first).toContain('http://localhost:9000');
    expect(first).not.toMatch(/jupyterhub|portwrap-/i);
    socket.close();
  });
});

describe('ports', () => {
  test('fifty of them can be opened one after the other, and on ::1', async () => {
    await alice.open(port(9001));
    for (let number = 9001; number <= 9050; number += 1)
      expect((await raw(port(number), alice)).text).toBe(String(number));
    expect((await raw(port(9070), alice)).text).toBe('v6');
  }, 240_000);

  test.each([
    ['on which nothing listens', port(9999)],
    ['that speaks no HTTP', port(9060)],
    ['that ends the connection', port(9000, '/silent')],
  ])('one %s is an error that says so', async (_what, path) => {
    await alice.open(port(9000));
    const { status, text } = await raw(path, alice);
    expect([status, text]).toEqual([502, expect.stringContaining('PORT_UNANSWERED')]);
  });

  test('without a slash at the end is the same page', async () => {
    expect((await alice.open(port(9000, '?a=b'))).url).toBe(`${hub.url}${port(9000, '/?a=b')}`);
  });
});

describe('the list of open ports', () => {
  interface Port {
    readonly port: number;
    readonly kind: string;
    readonly title: string | null;
    readonly since: string | null;
    readonly path: string | null;
  }
  const listed = async (path = '/users/alice/server/ports') =>
    (await hub.service.call('GET', path)).body as unknown as Port[];

  test('says what the programs are, those with pages first, and since when they have been open', async () => {
    await vi.waitUntil(
      async () => (await listed()).filter(({ kind }) => kind === 'http').length === 53,
      enough,
    );
    const ports = await listed();
    expect(ports.slice(0, 53).every(({ kind }) => kind === 'http')).toBe(true);
    const of = (number: number) => ports.find((one) => one.port === number);
    expect(of(9080)).toMatchObject({ title: '<script>alert(1)</script> &"', path: '/user/alice/port/9080/' });
    expect(of(8888)).toMatchObject({ kind: 'server', path: null });
    expect(of(9060)?.kind).toBe('other');
    expect(of(9061)?.kind).toBe('kernel');
    expect(Math.abs(Date.now() - Date.parse(of(9000)?.since ?? ''))).toBeLessThan(600_000);
  }, 120_000);

  test('is on the page of their user, and no other user sees a title or a link', async () => {
    const { text } = await alice.open('/services/portwrap/');
    expect(text).toContain('href="/user/alice/port/9080/"');
    expect(text).toContain('<bdi>&lt;script&gt;alert(1)&lt;/script&gt; &amp;&quot;</bdi>');
    expect((await bob.open('/services/portwrap/')).text).not.toContain('/user/alice/');
  });

  test('asks each program once, however often somebody looks', async () => {
    await alice.open(port(9080));
    const before = Number((await raw(port(9080, '/count'), alice)).text);
    for (let looks = 0; looks < 5; looks += 1) {
      await alice.open('/services/portwrap/');
      await listed();
    }
    expect(Number((await raw(port(9080, '/count'), alice)).text)).toBe(before + 1);
  });

  test('asks nothing where the profile has no links', async () => {
    await vi.waitUntil(async () => (await listed('/users/bob/server/ports')).length > 50, enough);
    const ports = await listed('/users/bob/server/ports');
    expect(new Set(ports.map(({ kind }) => kind))).toEqual(new Set(['server', 'unknown']));
    expect(ports.every(({ title, path }) => title === null && path === null)).toBe(true);
  });

  test('is what portwrap-spawner show prints', async () => {
    const shown = await show('alice');
    expect(shown).toMatch(/^OPEN INSIDE +KIND/m);
    expect(shown).toMatch(
      /^9080 +http +node +\S+Z +<script>alert\(1\)<\/script> &" +\/user\/alice\/port\/9080\/$/m,
    );
  });
});

describe('links end', () => {
  test('with the sign-out at the page: its WebSockets are cut', async () => {
    const own = await signedIn('alice');
    await own.open(port(9000));
    const { socket } = await socketOf(own, port(9000));
    const closed = once(socket, 'close');
    const { text } = await own.open('/services/portwrap/');
    const formToken = /name="form_token" value="([^"]+)"/.exec(text)?.[1] ?? '';
    await own.open('/services/portwrap/sign-out', {
      method: 'POST',
      body: new URLSearchParams({ form_token: formToken }),
      headers: { origin: hub.url },
    });
    await closed;
    expect((await raw(port(9000), own, { 'sec-fetch-dest': 'empty' })).status).toBe(401);
  }, 120_000);

  test('not with a restart of the service: the next page signs in again, and its route is there', async () => {
    await hub.service.restart('SIGKILL');
    await vi.waitUntil(async () => '/user/alice/port' in (await hub.routes()), enough);
    await expect.poll(async () => (await alice.open(port(9000))).status, enough).toBe(200);
  }, 180_000);

  test('with the server: no route, and no relay is left', async () => {
    await alice.open(port(9000));
    await hub.stopServer('alice');
    await vi.waitUntil(async () => !('/user/alice/port' in (await hub.routes())), enough);
    expect((await raw(port(9000), alice)).status).not.toBe(200);
  }, 120_000);
});
