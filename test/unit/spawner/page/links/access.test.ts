// Who may open ports, by the scopes of the hub and the cookies of the browser; and what a request is about.
import type { IncomingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import { createSessions } from '../../../../../spawner/page/auth/sessions.ts';
import { createPortAccess, mayOpen } from '../../../../../spawner/page/links/access.ts';
import { findLink } from '../../../../../spawner/page/links/link-path.ts';
import { refuseOtherOrigins } from '../../../../../spawner/page/links/own-origin.ts';
import type { ServerRecord } from '../../../../../spawner/records/record.ts';

function record(user: string, name = '', more: Partial<ServerRecord> = {}): ServerRecord {
  const route_prefix = `/user/${encodeURIComponent(user)}/${name === '' ? '' : `${encodeURIComponent(name)}/`}`;
  return {
    id: `${user}-${name}`,
    user,
    name,
    route_prefix,
    route_host: null,
    sandbox: {},
    ...more,
  } as ServerRecord;
}

const person = (name: string, ...scopes: string[]) => ({ name, isAdmin: true, scopes, groups: [] });
const request = (headers: Record<string, string>, method = 'GET') =>
  ({ headers, method }) as unknown as IncomingMessage;

test.each([
  ['ann', [], true],
  ['bob', [], false],
  ['bob', ['admin:servers', 'access:services', 'access:servers!user=bob', 'access:servers!group=x'], false],
  ['bob', ['access:servers!server=ann/', 'access:servers!user=an'], false],
  ['bob', ['access:servers!server=ann/lab'], true],
  ['bob', ['access:servers!user=ann'], true],
  ['bob', ['access:servers'], true],
])('%s with the scopes %j may open ports of ann/lab: %s', (name, scopes, may) => {
  expect(mayOpen(person(name, ...scopes), record('ann', 'lab'))).toBe(may);
});

describe('the cookie for the ports of a server', () => {
  const anns = record('ann');
  function scene() {
    const sessions = createSessions();
    const session = sessions.begin({ person: person('ann'), token: 't', hubSession: undefined });
    const access = createPortAccess({
      sessions,
      confirmed: async (one) => one,
      letIn: () => false,
      hosts: null,
    });
    return { sessions, session, access, value: access.grant(session, anns, 80) };
  }

  test('is for that server in that session, until the session ends', async () => {
    const { sessions, session, access, value } = scene();
    const asked = request({ cookie: `portwrap-port=${value}` });
    expect((await access.admit(asked, anns, 80))?.person.name).toBe('ann');
    expect(await access.admit(asked, record('ann', 'lab'), 80)).toBeNull();
    expect(await access.admit(request({}), anns, 80)).toBeNull();
    expect(await access.holds(session, anns, 80)).toBe(true);
    sessions.end(session.id);
    expect(await access.admit(asked, anns, 80)).toBeNull();
    expect(await access.holds(session, anns, 80)).toBe(false);
  });

  test('is worth nothing over https in another browser', async () => {
    const { session, access, value } = scene();
    const asked = (browser: string) =>
      request({
        cookie: `portwrap-port=${value}; __Host-portwrap-browser=${browser}`,
        'x-forwarded-proto': 'https',
      });
    expect(await access.admit(asked('another'), anns, 80)).toBeNull();
    expect(await access.admit(asked(session.browser), anns, 80)).not.toBeNull();
  });

  test('is not given to a person who may not open them, and is looked at again with each request', async () => {
    const { sessions } = scene();
    const bobs = sessions.begin({
      person: person('bob', 'access:servers'),
      token: 't',
      hubSession: undefined,
    });
    let scopes = ['access:servers'];
    const access = createPortAccess({
      ...{ sessions, letIn: () => false, hosts: null },
      confirmed: async (one) => ({ ...one, person: person('bob', ...scopes) }),
    });
    const value = access.grant(bobs, anns, 80);
    const asked = request({ cookie: `portwrap-port=${value}` });
    expect(await access.admit(asked, anns, 80)).not.toBeNull();
    scopes = [];
    await expect(access.admit(asked, anns, 80)).rejects.toMatchObject({ code: 'PORT_REFUSED' });
    expect(await access.holds(bobs, anns, 80)).toBe(false);
    expect(() => access.grant({ ...bobs, person: person('bob') }, anns, 80)).toThrow('may not be opened');
  });
});

test('somebody with whom a port is shared gets the cookie for that server, and opens that port only', async () => {
  const sessions = createSessions();
  const session = sessions.begin({ person: person('bob'), token: 't', hubSession: undefined });
  let shared = 80;
  const letIn = (_record: ServerRecord, port: number, visitor: { name: string }) =>
    port === shared && visitor.name === 'bob';
  const access = createPortAccess({ sessions, confirmed: async (one) => one, letIn, hosts: null });
  const anns = record('ann');
  const value = access.grant(session, anns, 80);
  const asked = request({ cookie: `portwrap-port=${value}` });
  expect((await access.admit(asked, anns, 80))?.person.name).toBe('bob');
  await expect(access.admit(asked, anns, 81)).rejects.toMatchObject({ code: 'PORT_REFUSED' });
  expect(() => access.grant(session, anns, 81)).toThrow('may not be opened');
  shared = 0;
  await expect(access.admit(asked, anns, 80)).rejects.toMatchObject({ code: 'PORT_REFUSED' });
  expect([access.isAllowed(session, anns, 80), await access.holds(session, anns, 80)]).toEqual([
    false,
    false,
  ]);
});

describe('an address', () => {
  const records = [record('ann'), record('ann', 'lab'), record('a@b'), record('port'), record('x/y')];

  test.each([
    ['/user/ann/port/80/x?y', 'ann-', 80, '/user/ann/port/80', '/x?y'],
    ['/user/ann/port/80', 'ann-', 80, '/user/ann/port/80', ''],
    ['/user/ann/port/80?y?z', 'ann-', 80, '/user/ann/port/80', '?y?z'],
    ['/user/ann/lab/port/80/port/90/', 'ann-lab', 80, '/user/ann/lab/port/80', '/port/90/'],
    ['/user/a@b/port/80/%2e%2e/..', 'a@b-', 80, '/user/a%40b/port/80', '/%2e%2e/..'],
    ['/user/port/port/80/', 'port-', 80, '/user/port/port/80', '/'],
    ['/user/x%2Fy/port/80/', 'x/y-', 80, '/user/x%2Fy/port/80', '/'],
  ])('%s is a port of %s', (url, id, port, prefix, rest) => {
    expect(findLink(url, records)).toMatchObject({ record: { id }, port, prefix, rest });
  });

  test.each([
    '/user/ann/port/',
    '/user/ann/port/0/',
    '/user/ann/port/080/',
    '/user/ann/port/65536/',
    '/user/ann/port/8e1/',
    '/user/ann/ports/80/',
    '/user/bob/port/80/',
    '/user/ann/../bob/port/80/',
    '/user/x/y/port/80/',
    '//user/ann/port/80/',
    'http://hub.example/user/ann/port/80/',
    '/user/%zz/port/80/',
    '*',
    '',
  ])('%j is none', (url) => {
    expect(findLink(url, records)).toBeNull();
  });

  test('is none of a server that runs elsewhere', () => {
    expect(findLink('/user/ann/port/80/', [record('ann', '', { sandbox: null })])).toBeNull();
  });
});

describe('a request from a page of another origin', () => {
  const own = { host: 'hub.example', origin: 'https://hub.example' };
  const open = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };

  test.each([
    [own, 'POST', false],
    [{ ...own, 'sec-fetch-site': 'same-origin' }, 'POST', true],
    [{ host: 'hub.example' }, 'GET', false],
    [{ host: 'hub.example', 'sec-fetch-site': 'cross-site', ...open }, 'GET', false],
    [{ host: 'hub.example', 'sec-fetch-site': 'none', ...open }, 'GET', false],
  ])('is not %j by %s', (headers, method, isUpgrade) => {
    expect(() => refuseOtherOrigins(request(headers, method), isUpgrade, null)).not.toThrow();
  });

  test.each([
    [{ ...own, origin: 'https://ann.hub.example' }, 'GET', false],
    [{ ...own, origin: 'null' }, 'POST', false],
    [{ host: 'hub.example', 'sec-fetch-site': 'same-site', 'sec-fetch-dest': 'script' }, 'GET', false],
    [
      { host: 'hub.example', 'sec-fetch-site': 'same-site', ...open, 'sec-fetch-dest': 'iframe' },
      'GET',
      false,
    ],
    [{ host: 'hub.example', 'sec-fetch-site': 'cross-site', ...open }, 'POST', false],
    [{ host: 'hub.example', 'sec-fetch-site': 'same-site', ...open }, 'GET', true],
  ])('is refused: %j by %s', (headers, method, isUpgrade) => {
    expect(() => refuseOtherOrigins(request(headers, method), isUpgrade, null)).toThrow('other origins');
  });
});
