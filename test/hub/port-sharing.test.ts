// Ports that users share with others, at a real hub, as several users: who may share, who is let in, and what ends it.
// Not here: the rules one by one (test/unit/spawner/shares/shares.test.ts).
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { HubBrowser } from '../support/browser/hub-browser.ts';
import { startTestHub, type TestHub } from '../support/hub/test-hub.ts';

const script = readFileSync(new URL('../fixtures/hub/ports.mjs', import.meta.url), 'utf8');
const command = JSON.stringify([process.execPath, '--input-type=module', '-e', script]);
const profiles = `
  - name: open
    command: ${command}
    ready_path: /
    stop_timeout: 1
    port_sharing:
      - {users: [alice], with_users: [bob], with_groups: ["*"], longest: 86400}
      - {groups: [teachers], with_everybody: true}
`;
const enough = { timeout: 60_000, interval: 200 };

let hub: TestHub;
const people = new Map<string, HubBrowser>();
beforeAll(async () => {
  const config =
    'c.Authenticator.allowed_users = {"alice", "bob", "carol", "dora", "admin"}\n' +
    'c.JupyterHub.load_groups = {"students": ["carol"], "teachers": ["dora"]}\n';
  hub = await startTestHub(profiles, config, { withPage: true, portLinks: true });
  await vi.waitUntil(async () => (await fetch(`${hub.url}/hub/login`)).status === 200, enough);
  for (const name of ['alice', 'bob', 'carol', 'dora']) {
    const browser = new HubBrowser(hub.url);
    await browser.logIn(name, hub.password);
    people.set(name, browser);
  }
  for (const name of ['alice', 'dora']) await hub.startServer(name);
}, 300_000);
afterAll(() => hub?.dispose(), 60_000);
beforeEach(async () => {
  for (const share of await sharesOf('alice'))
    await hub.service.call('DELETE', `/users/alice/server/shares/${share.id}`);
});

const as = (name: string) => people.get(name) ?? new HubBrowser(hub.url);

const sharesOf = async (user: string) =>
  ((await hub.service.call('GET', `/users/${user}/server/shares`)).body ?? []) as unknown as {
    id: string;
    port: number;
  }[];

const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString();

/** By the REST API. */
const share = (fields: object, user = 'alice') =>
  hub.service.call('POST', `/users/${user}/server/shares`, { port: 9000, until: inAnHour(), ...fields });

const port = (number = 9000, rest = '/') => `/user/alice/port/${number}${rest}`;

/** The page of a person's server, and the token of its forms. */
async function serverPage(name: string): Promise<{ path: string; text: string; formToken: string }> {
  const { text: first } = await as(name).open('/services/portwrap/');
  const path = /href="([^"]*\/servers\/[0-9a-f]{12})"/.exec(first)?.[1] ?? 'none';
  const { text } = await as(name).open(path);
  return { path, text, formToken: tokenOf(text) };
}

const tokenOf = (text: string) => /name="form_token" value="([^"]+)"/.exec(text)?.[1] ?? 'none';

function submit(name: string, path: string, fields: Record<string, string>, origin = hub.url) {
  return as(name).open(path, { method: 'POST', body: new URLSearchParams(fields), headers: { origin } });
}

/** Opens a port of alice: a person is asked before. */
async function visit(name: string, path = port()) {
  const asked = await as(name).open(path);
  if (!asked.text.includes('Open a port of')) return asked;
  expect(asked.status).toBe(200);
  return submit(name, '/services/portwrap/open-port', { form_token: tokenOf(asked.text), to: path });
}

test('nobody is let in before, and only those with whom a port is shared, to that port, after a question', async () => {
  expect((await visit('bob')).status).toBe(403);
  const { status, body } = await share({ users: ['bob'] });
  expect([status, body]).toEqual([
    201,
    expect.objectContaining({ port: 9000, users: ['bob'], everybody: false }),
  ]);
  const asked = await as('bob').open(port(9000, '/a?b=c'));
  expect(asked.text).toContain('value="/user/alice/port/9000/a?b=c"');
  const opened = await visit('bob', port(9000, '/a?b=c'));
  expect([opened.status, opened.url]).toEqual([200, `${hub.url}${port(9000, '/a?b=c')}`]);
  expect((await visit('bob', port(9001))).status).toBe(403);
  expect((await visit('carol')).status).toBe(403);
}, 120_000);

test('the form of another page opens nothing, nor does a request without its token', async () => {
  await share({ groups: ['students'] });
  const { text } = await as('carol').open(port());
  const fields = { form_token: tokenOf(text), to: port() };
  expect((await submit('carol', '/services/portwrap/open-port', fields, 'http://evil.example')).status).toBe(
    403,
  );
  expect((await submit('carol', '/services/portwrap/open-port', { ...fields, form_token: 'x' })).status).toBe(
    403,
  );
  expect((await as('carol').open(port())).text).toContain('Open a port of');
  expect((await visit('carol')).status).toBe(200);
}, 120_000);

test('users share by the form of their page as far as the rules allow, see it there, and revoke it', async () => {
  const { path, text, formToken } = await serverPage('alice');
  expect(text).toContain('name="users"');
  expect(text).not.toContain('name="everybody"');
  const fields = { form_token: formToken, port: '9000', users: 'bob', groups: '', hours: '8' };
  expect((await submit('alice', `${path}/shares`, { ...fields, users: 'carol' })).status).toBe(403);
  expect((await submit('alice', `${path}/shares`, { ...fields, form_token: 'x' })).status).toBe(403);
  expect((await submit('bob', `${path}/shares`, fields)).status).toBe(403);
  expect(await sharesOf('alice')).toEqual([]);
  const shared = await submit('alice', `${path}/shares`, fields);
  expect(shared.text).toContain('with <bdi>bob</bdi>');
  expect((await as('bob').open('/services/portwrap/')).text).toContain(`href="${port()}"`);
  expect((await as('carol').open('/services/portwrap/')).text).not.toContain(port());
  expect((await visit('bob')).status).toBe(200);
  const id = (await sharesOf('alice'))[0]?.id ?? 'none';
  await submit('alice', `${path}/shares/revoke`, { form_token: formToken, share: id });
  expect((await as('bob').open(port())).status).toBe(403);
  expect(await sharesOf('alice')).toEqual([]);
}, 120_000);

test('members of a group that may share with everybody do so, others are told that they may not', async () => {
  expect((await share({ everybody: true })).body).toMatchObject({ code: 'SHARE_REFUSED' });
  expect((await share({ everybody: true, owner_groups: ['teachers'] }, 'dora')).status).toBe(201);
  const { text } = await serverPage('dora');
  expect(text).toContain('name="everybody"');
  for (const name of ['bob', 'carol']) expect((await visit(name, '/user/dora/port/9000/')).status).toBe(200);
}, 120_000);

test('a revocation cuts open WebSockets at once, and not those of others', async () => {
  await share({ users: ['bob'] });
  await visit('bob');
  await as('alice').open(port());
  const open = async (name: string) => {
    const headers = { cookie: as(name).cookieHeader(port()) };
    const socket = new WebSocket(new URL(port(), hub.url.replace('http', 'ws')), {
      origin: hub.url,
      headers,
    });
    await once(socket, 'message');
    return socket;
  };
  const [bobs, alices] = [await open('bob'), await open('alice')];
  const closed = once(bobs, 'close');
  const [{ id = 'none' } = {}] = await sharesOf('alice');
  const begin = performance.now();
  expect((await hub.service.call('DELETE', `/users/alice/server/shares/${id}`)).status).toBe(204);
  await closed;
  expect(performance.now() - begin).toBeLessThan(4_000); // the look at all connections comes every 5 s
  expect(alices.readyState).toBe(WebSocket.OPEN);
  alices.close();
}, 120_000);

test('a share survives a restart of the service, and ends when the administrator takes the rule back', async () => {
  await share({ users: ['bob'] });
  await hub.service.restart('SIGKILL');
  await vi.waitUntil(async () => '/user/alice/port' in (await hub.routes()), enough);
  await expect.poll(async () => (await visit('bob')).status, enough).toBe(200);
  await hub.offer(profiles.replace('with_users: [bob]', 'with_users: [eve]'));
  expect((await as('bob').open(port())).status).toBe(403);
  await hub.offer(profiles);
  expect((await as('bob').open(port())).status).toBe(200);
}, 180_000);

test('a share ends with the server: the next one of its user shares nothing', async () => {
  await share({ users: ['bob'] });
  await hub.stopServer('alice');
  await hub.startServer('alice');
  expect(await sharesOf('alice')).toEqual([]);
  expect((await as('bob').open(port())).status).toBe(403);
}, 180_000);
