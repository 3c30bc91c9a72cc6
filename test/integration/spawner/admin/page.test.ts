// The admin page over HTTP, with a hub that can be made to say anything: who gets in, who is thrown out, and what
// strangers' text becomes. The page in a browser at a real hub is in test/browser/admin-page.test.ts.
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type PageHub, startPageHub } from '../../../support/browser/page-hub.ts';
import { freePorts } from '../../../support/machine/free-ports.ts';
import { hubToken, processesBelow, startService, type TestService } from '../../../support/service.ts';

const profiles = `
  - name: web
    title: "<i>Web</i> server"
    description: A web server
    resources: {memory: 64M, cpus: 0.5}
    command: [/usr/bin/python3, -u, -m, http.server, "{guest-port}"]
  - name: hostile
    command: [/usr/bin/python3, -c, "print('\\x1b[31m<script>alert(1)</script>\\x1b[0m'); import sys; sys.exit(3)"]
  - name: silent
    ready_timeout: 600
    command: [sleep, "1000"]
`;
const enter = ['access:services!service=portwrap'];
/** What a form of the page must say besides its token. */
const ownOrigin = () => ({ origin: `http://127.0.0.1:${pagePort}` });

let hub: PageHub;
let service: TestService;
let pagePort: number;
beforeAll(async () => {
  hub = await startPageHub(hubToken);
  [pagePort = 0] = await freePorts(1);
  const page = `admin_page: {listen: "127.0.0.1:${pagePort}", token_env: HUB_TOKEN}`;
  service = await startService(profiles, page, { hub: `api_url: "${hub.apiUrl}"` });
});
afterAll(async () => {
  await service.dispose();
  hub.close();
  expect(processesBelow(service.directory)).toEqual([]);
});
beforeEach(() => {
  for (const name of ['root', 'ann', 'bob']) hub.scopes.set(name, enter);
});

const list = '/services/portwrap/';

/** A browser's memory for the page's cookies. */
class Visitor {
  readonly cookies = new Map<string, string>();
  /** The cookies that the last response has set, with their attributes. */
  set: readonly string[] = [];
  /** What is sent with every request. */
  readonly headers: Record<string, string>;

  constructor(headers: Record<string, string> = {}) {
    this.headers = headers;
  }

  async get(path: string, init: RequestInit = {}): Promise<{ status: number; text: string; to: string }> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(`http://127.0.0.1:${pagePort}${path}`, {
      ...init,
      redirect: 'manual',
      headers: { ...this.headers, cookie, ...(init.headers as Record<string, string> | undefined) },
    });
    this.set = answer.headers.getSetCookie();
    for (const line of this.set) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      this.cookies.set(name, value);
    }
    return { status: answer.status, text: await answer.text(), to: answer.headers.get('location') ?? '' };
  }

  /** As the hub would send the browser back; answers with where it goes from there. */
  async comeBack(name: string, path = list): Promise<{ status: number; text: string; to: string }> {
    const state = (await this.sentToHub(path)).get('state');
    return this.get(`${list}oauth_callback?code=${name}&state=${state}`);
  }

  /** What a browser that opens the page asks of the hub. */
  async sentToHub(path = list): Promise<URLSearchParams> {
    const { to } = await this.get(path);
    return new URL(to, 'http://hub').searchParams;
  }
}

async function signedIn(name: string, visitor = new Visitor()): Promise<Visitor> {
  expect(await visitor.comeBack(name)).toMatchObject({ status: 302, to: list });
  return visitor;
}

describe('signing in', () => {
  test('ends at the page that was asked for', async () => {
    expect((await new Visitor().comeBack('ann', `${list}?sort=memory`)).to).toBe(`${list}?sort=memory`);
  });

  test('is refused to who may not use the page', async () => {
    hub.scopes.set('ann', ['access:servers!server=ann/']);
    const { status, text } = await new Visitor().comeBack('ann');
    expect([status, text]).toEqual([403, expect.stringContaining('PAGE_REFUSED')]);
  });

  test('takes a state once, and only the one that was given', async () => {
    const visitor = new Visitor();
    const { to } = await visitor.get(list);
    const state = new URL(to, 'http://hub').searchParams.get('state') ?? '';
    const forged = `${state.slice(0, 8)}${'0'.repeat(24)}`;
    for (const [given, status] of [
      [forged, 400],
      [state, 400], // the forged one has used it up
    ]) {
      const answer = await visitor.get(`${list}oauth_callback?code=ann&state=${given}`);
      expect(answer.status).toBe(status);
    }
  });

  test('goes no further, and says why, where another host of the site has set a cookie of the same name', async () => {
    const ann = await signedIn('ann');
    const session = ann.cookies.get('portwrap-page');
    for (const both of [`tossed; portwrap-page=${session}`, `${session}; portwrap-page=tossed`]) {
      ann.cookies.set('portwrap-page', both);
      const { status, text } = await ann.get(list);
      expect([status, text]).toEqual([400, expect.stringContaining('COOKIE_AMBIGUOUS')]);
    }
    const visitor = new Visitor();
    const state = new URL((await visitor.get(list)).to, 'http://hub').searchParams.get('state') ?? '';
    const name = `portwrap-sign-in-${state.slice(0, 8)}`;
    visitor.cookies.set(name, `tossed; ${name}=${visitor.cookies.get(name)}`);
    expect((await visitor.get(`${list}oauth_callback?code=ann&state=${state}`)).text).toContain(
      'COOKIE_AMBIGUOUS',
    );
  });

  test('redeems the code with the verifier of the challenge that went with it (PKCE)', async () => {
    const visitor = new Visitor();
    const query = await visitor.sentToHub();
    await visitor.get(`${list}oauth_callback?code=ann&state=${query.get('state')}`);
    const form = hub.exchanged();
    expect(Object.fromEntries(query)).toMatchObject({
      client_id: 'service-portwrap',
      response_type: 'code',
      redirect_uri: form.get('redirect_uri'),
      code_challenge_method: 'S256',
      code_challenge: createHash('sha256')
        .update(form.get('code_verifier') ?? '')
        .digest('base64url'),
    });
    expect(Object.fromEntries(form)).toMatchObject({ grant_type: 'authorization_code', code: 'ann' });
  });

  test.each([
    ['the person refuses', 'error=access_denied', 'SIGN_IN_FAILED', 'refused the sign-in (access_denied)'],
    ['carries two codes', 'code=ann&code=bob', 'SIGN_IN_FAILED', 'refused the sign-in'],
    ['carries a code that the hub does not know', 'code=refused', 'SIGN_IN_FAILED', 'the sign-in (400)'],
    ['goes to something else than a hub', 'code=strange', 'HUB_UNREACHABLE', 'not a JupyterHub'],
    ['goes to a hub that is failing', 'code=failing', 'HUB_UNREACHABLE', 'hub responded with HTTP 503'],
  ])('that %s says so, and begins no session', async (_, answer, code, message) => {
    const visitor = new Visitor();
    const state = (await visitor.sentToHub()).get('state');
    const { status, text } = await visitor.get(`${list}oauth_callback?${answer}&state=${state}`);
    expect([status, text]).toEqual([502, expect.stringContaining(code)]);
    expect(text).toContain(message);
    expect(visitor.cookies.has('portwrap-page')).toBe(false);
  });

  test('gives each session a secret of its own', async () => {
    const [one, two] = [await signedIn('ann'), await signedIn('ann')];
    expect(one.cookies.get('portwrap-page')).toMatch(/^[\w-]{43}$/);
    expect(one.cookies.get('portwrap-page')).not.toBe(two.cookies.get('portwrap-page'));
  });
});

describe('over https', () => {
  const overTls = { 'x-forwarded-proto': 'https' };
  const browserCookie = '__Host-portwrap-browser';

  test('sets cookies that no other host of the site can set, and the session for the page alone', async () => {
    const ann = new Visitor(overTls);
    const state = (await ann.sentToHub()).get('state') ?? '';
    const signIn = `__Host-portwrap-sign-in-${state.slice(0, 8)}`;
    const attributes = '; HttpOnly; Secure; SameSite=Lax';
    expect(ann.set).toEqual([
      expect.stringMatching(new RegExp(`^${signIn}=.+; Max-Age=600; Path=/; Expires=[^;]+${attributes}$`)),
    ]);
    await ann.get(`${list}oauth_callback?code=ann&state=${state}`);
    expect(ann.set).toEqual([
      `${signIn}=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT${attributes}`,
      expect.stringMatching(new RegExp(`^portwrap-page=[\\w-]{43}; Path=${list}${attributes}$`)),
      expect.stringMatching(new RegExp(`^${browserCookie}=[\\w-]{43}; Path=/${attributes}$`)),
    ]);
    expect((await ann.get(list)).status).toBe(200);
  });

  test("does not end a stranger's sign-in whose cookie another host of the site has set", async () => {
    const mallory = new Visitor(overTls);
    const state = (await mallory.sentToHub()).get('state');
    const ann = new Visitor(overTls);
    // only the host itself can set a name with the prefix
    for (const [name, value] of mallory.cookies) ann.cookies.set(name.replace('__Host-', ''), value);
    const { status, text } = await ann.get(`${list}oauth_callback?code=bob&state=${state}`);
    expect([status, text]).toEqual([400, expect.stringContaining('SIGN_IN_EXPIRED')]);
  });

  test("takes no stranger's session whose cookie another host of the site has set", async () => {
    const mallory = await signedIn('bob', new Visitor(overTls));
    const insecure = await signedIn('bob');
    const own = (await signedIn('ann', new Visitor(overTls))).cookies.get(browserCookie) ?? '';
    for (const { cookies } of [mallory, insecure]) {
      for (const kept of [[], [[browserCookie, own] as const]]) {
        const ann = new Visitor(overTls);
        for (const [name, value] of [...cookies, ...kept]) {
          ann.cookies.set(name === browserCookie && value !== own ? 'portwrap-browser' : name, value);
        }
        expect((await ann.get(list)).status).toBe(302);
      }
    }
    expect((await mallory.get(list)).status).toBe(200);
  });
});

test('with the hub on a host of its own, the sign-in goes there and comes back to the host that was opened', async () => {
  const [port] = await freePorts(1);
  const page = `admin_page: {listen: "127.0.0.1:${port}", token_env: HUB_TOKEN, hub_url: "https://hub.example.org"}`;
  const apart = await startService(profiles, page, { hub: `api_url: "${hub.apiUrl}"` });
  try {
    const opened = await fetch(`http://127.0.0.1:${port}${list}`, {
      redirect: 'manual',
      headers: { 'x-forwarded-proto': 'https,http' },
    });
    const { origin, pathname, searchParams } = new URL(opened.headers.get('location') ?? '');
    expect([origin, pathname]).toEqual(['https://hub.example.org', '/hub/api/oauth2/authorize']);
    expect(searchParams.get('redirect_uri')).toBe(`https://127.0.0.1:${port}${list}oauth_callback`);
    const policy = opened.headers.get('content-security-policy');
    expect(policy?.split(';')).toContain("form-action 'self' https://hub.example.org");
  } finally {
    await apart.dispose();
  }
});

describe('a session', () => {
  test('is trusted for a while without asking the hub, and ends when the hub says so at another login', async () => {
    const ann = await signedIn('ann');
    const before = hub.asked();
    expect((await ann.get(list)).status).toBe(200);
    expect(hub.asked()).toBe(before);
    hub.scopes.delete('ann');
    ann.cookies.set('jupyterhub-session-id', 'another');
    expect((await ann.get(list)).status).toBe(302);
    ann.cookies.delete('jupyterhub-session-id');
    expect((await ann.get(list)).status).toBe(302); // it does not come back
  });

  test('ends with the right to use the page', async () => {
    const ann = await signedIn('ann');
    hub.scopes.set('ann', []);
    ann.cookies.set('jupyterhub-session-id', 'another');
    expect((await ann.get(list)).status).toBe(403);
    expect((await ann.get(list)).status).toBe(302);
  });

  test.each(['admin:servers', 'custom:portwrap:admin'])(
    'with the scope %s sees every server',
    async (scope) => {
      const bob = await signedIn('bob');
      expect((await bob.get(list)).text).toContain('Your servers');
      hub.scopes.set('bob', [...enter, scope]);
      bob.cookies.set('jupyterhub-session-id', 'another');
      expect((await bob.get(list)).text).not.toContain('Your servers');
    },
  );

  test.each(['empty', 'iframe', 'serviceworker'])(
    'gives neither a page nor its token to what another page of the origin loads as %s',
    async (destination) => {
      const ann = await signedIn('ann');
      const token = formToken((await ann.get(list)).text);
      const headers = { ...ownOrigin(), 'sec-fetch-dest': destination, 'sec-fetch-site': 'same-origin' };
      for (const init of [{ headers }, { headers, method: 'POST', body: new URLSearchParams() }]) {
        const { status, text } = await ann.get(init.method === 'POST' ? `${list}sign-out` : list, init);
        expect([status, text]).toEqual([403, expect.stringContaining('FETCH_REFUSED')]);
        expect(text).not.toContain(token);
      }
      const own = await ann.get(list, { headers: { ...headers, 'x-form-token': token } });
      expect(own.status).toBe(200);
      const opened = await ann.get(list, { headers: { 'sec-fetch-dest': 'document' } });
      expect(opened.status).toBe(200);
    },
  );

  test('is ended by its own button, which goes on to the logout of the hub', async () => {
    const ann = await signedIn('ann');
    const before = new Map(ann.cookies);
    const body = new URLSearchParams({ form_token: formToken((await ann.get(list)).text) });
    const out = await ann.get(`${list}sign-out`, { method: 'POST', body, headers: ownOrigin() });
    expect(out).toMatchObject({ status: 303, to: '/hub/logout' });
    for (const [name, value] of before) ann.cookies.set(name, value);
    expect((await ann.get(list)).status).toBe(302);
  });
});

describe('what is shown', () => {
  let root: Visitor;
  let row: (name: string) => Promise<string>;

  beforeAll(async () => {
    hub.scopes.set('root', enter);
    root = await signedIn('root');
    row = async (name) => {
      const { text } = await root.get(list);
      return /<tr role="row" id.*?<\/tr>/gs
        .exec(text.slice(text.indexOf(`<bdi>${name}</bdi>`) - 200))?.[0]
        ?.replaceAll(/<[^>]*>/g, ' ') as string;
    };
    await service.start('ann', { spawn_id: 'page-ann-1', profile: 'web' });
    await service.start('bob', { spawn_id: 'page-bob-1', profile: 'hostile' });
    await service.call('POST', '/users/eve/server', { spawn_id: 'page-eve-1', profile: 'silent' });
  });

  test('a profile is called by its title, which is text', async () => {
    const escaped = '<bdi>&lt;i&gt;Web&lt;/i&gt; server</bdi>';
    for (const page of [list, await addressOf('ann')]) expect((await root.get(page)).text).toContain(escaped);
    expect(await row('bob')).toMatch(/\bhostile\b/);
  });

  test('usage stands beside the limits of the kernel', async () => {
    expect(await row('ann')).toMatch(/ready.*\d+(\.\d)? MiB\s+of 64 MiB.*\d\.\d\d\s+of 0\.5/s);
  });

  test('open ports appear in the list once somebody has looked at it', async () => {
    await expect.poll(() => row('ann'), { timeout: 30_000 }).toMatch(/\d{5}\s+8888\s+$/);
  });

  test('a start that is under way says what it is doing, and its page for how long', async () => {
    await expect
      .poll(() => row('eve'))
      .toMatch(/starting\s+The sandbox runs; waiting for the server to respond/);
    const { text } = await root.get(await addressOf('eve'));
    expect(text).toMatch(/Starting the server until it responded.*so far/s);
  });

  test("a server that failed says why and what to do, and shows its log's tags as text without colours", async () => {
    expect(await row('bob')).toMatch(
      /failed\s+the server ended before it was ready: it ended with exit code 3/,
    );
    const { text } = await root.get(await addressOf('bob'));
    expect(text).toContain('Why it failed');
    expect(text).toContain('<code>SERVER_DIED</code>');
    expect(text).toMatch(/until it responded<\/span> <span class="amount">[\d.]+ m?s, then it ended/);
    expect(text).toContain('>&lt;script&gt;alert(1)&lt;/script&gt;\n</pre>');
    expect(text).not.toContain('<script>alert');
    const plain = await root.get(`${await addressOf('bob')}/log`);
    expect(plain.text).toBe('<script>alert(1)</script>\n');
  });

  test('a server of another hub is not there', async () => {
    const other = 'test-other-token-0123456789';
    const start = { spawn_id: 'page-other-1', profile: 'web' };
    expect((await service.call('POST', '/users/mallory/server', start, other)).status).toBe(202);
    expect((await root.get(list)).text).not.toContain('mallory');
    await service.call('DELETE', '/users/mallory/server?now=true', undefined, other);
  });

  test('a search is text too', async () => {
    const { text } = await root.get(`${list}?find=${encodeURIComponent('"><script>x')}`);
    expect(text).toContain('value="&quot;&gt;&lt;script&gt;x"');
    expect(text).not.toContain('<script>x');
  });

  test('a user stops their own start half-way, and reads who did it', async () => {
    hub.scopes.set('eve', enter);
    const eve = await signedIn('eve');
    const address = await addressOf('eve');
    const body = new URLSearchParams({ form_token: formToken((await eve.get(address)).text) });
    const stopped = await eve.get(`${address}/stop`, { method: 'POST', body, headers: ownOrigin() });
    expect(stopped).toMatchObject({ status: 303, to: address });
    await expect.poll(async () => (await eve.get(address)).text).toContain('stopped by its user');
  });

  test('the parts of a start are known to a service that was restarted', async () => {
    const address = await addressOf('ann');
    await service.restart();
    root = await signedIn('root');
    expect((await root.get(address)).text).toMatch(
      /Building the sandbox<\/span> <span class="amount">[\d.]+ m?s/,
    );
  });

  async function addressOf(name: string): Promise<string> {
    const { text } = await root.get(list);
    return new RegExp(`href="([^"]+)" id="link-[0-9a-f]+"><bdi>${name}</bdi>`).exec(text)?.[1] ?? '';
  }
});

test('a hub that does not answer lets nobody in, and says what to look at', async () => {
  const ann = await signedIn('ann');
  hub.close();
  ann.cookies.set('jupyterhub-session-id', 'another');
  const { status, text } = await ann.get(list);
  expect([status, text]).toEqual([502, expect.stringContaining('HUB_UNREACHABLE')]);
  expect(text).toContain('Check that the hub runs');
  expect(text).not.toContain('<table');
});

function formToken(page: string): string {
  return /name="form_token" value="([^"]+)"/.exec(page)?.[1] ?? '';
}
