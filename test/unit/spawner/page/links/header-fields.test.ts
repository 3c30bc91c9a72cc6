// The header fields between browsers and programs behind links. With real ones: test/hub/port-links.test.ts.
import { describe, expect, test } from 'vitest';
import { toBrowser } from '../../../../../spawner/page/links/to-browser.ts';
import { type Place, toProgram } from '../../../../../spawner/page/links/to-program.ts';

const place: Place = {
  port: 8501,
  origin: null,
  prefix: '/user/a%40b/port/8501',
  host: 'hub.example',
  isSecure: true,
};
const forwarded = [
  ...['Host', 'localhost:8501', 'X-Forwarded-Host', 'hub.example'],
  ...['X-Forwarded-Proto', 'https', 'X-Forwarded-Prefix', '/user/a%40b/port/8501'],
];
const sent = (...fields: string[]) => toProgram(fields, place).slice(forwarded.length);
const received = (...fields: string[]) => toBrowser(fields, place);

describe('a request for a program', () => {
  test('says where the program is, in its own terms and in those of the browser', () => {
    expect(toProgram(['Host', 'hub.example', 'Accept', '*/*'], place)).toEqual([
      ...forwarded,
      'Accept',
      '*/*',
    ]);
  });

  test.each([
    'Authorization',
    'authorization',
    'Forwarded',
    'X-Forwarded-User',
    'X-Real-IP',
    'Proxy-Authorization',
    'Connection',
    'Upgrade',
    'TE',
    'Transfer-Encoding',
    'Expect',
  ])('has no %s', (name) => {
    expect(sent(name, 'x')).toEqual([]);
  });

  test('has no field that its connection names, but its length and its cookies', () => {
    const fields = [
      'Connection',
      'close, X-Own, Content-Length, Cookie',
      'X-Own',
      '1',
      'Content-Length',
      '2',
    ];
    expect(sent(...fields, 'Cookie', 'jupyterhub-session-id=x; a=b')).toEqual([
      'Content-Length',
      '2',
      'Cookie',
      'a=b',
    ]);
  });

  test('keeps the addresses of clients that the proxy has told', () => {
    expect(sent('X-Forwarded-For', '192.0.2.1', 'x-forwarded-for', '192.0.2.2')).toEqual([
      'X-Forwarded-For',
      '192.0.2.1, 192.0.2.2',
    ]);
  });

  test.each([
    'jupyterhub-session-id',
    'jupyterhub-hub-login',
    'jupyterhub-user-alice',
    'jupyterhub-user-alice-oauth-state-x',
    'service-portwrap-jupyterhub',
    '__Host-jupyterhub-hub-login',
    '__Secure-portwrap-browser',
    '__Host-portwrap-browser',
    'portwrap-port',
    'oauthenticator-state',
    '_xsrf',
    'username-hub-example',
    '',
    'a b',
  ])('has no cookie %j', (name) => {
    expect(sent('Cookie', `${name}=secret;own=1; \t${name}=secret`)).toEqual(['Cookie', 'own=1']);
    expect(sent('Cookie', `${name}=secret`)).toEqual([]);
  });

  test('has no nameless cookie, which may read as another one', () => {
    expect(sent('Cookie', 'a=1; lonely; =jupyterhub-session-id=x')).toEqual(['Cookie', 'a=1']);
  });

  test('has the origin and the address of its own pages only', () => {
    expect(sent('Origin', 'https://hub.example')).toEqual(['Origin', 'http://localhost:8501']);
    expect(sent('Referer', 'https://hub.example/user/a%40b/port/8501/x?y')).toEqual([
      'Referer',
      'http://localhost:8501/x?y',
    ]);
    for (const other of [
      'https://hub.example/hub/home?token=x',
      'https://hub.example/user/a%40b/port/85010/',
      'x',
    ])
      expect(sent('Referer', other)).toEqual([]);
  });
});

describe('a response of a program', () => {
  test.each([
    ['/', '/user/a%40b/port/8501/'],
    ['/user/a%40b/port/8501', '/user/a%40b/port/8501'],
    ['/user/a%40b/port/8501?x', '/user/a%40b/port/8501?x'],
    ['/user/a%40b/port/85010/', '/user/a%40b/port/8501/user/a%40b/port/85010/'],
    ['https://hub.example/hub/home', '/user/a%40b/port/8501/hub/home'],
    ['//hub.example/x', '/user/a%40b/port/8501/x'],
    ['http://[::1]:8501/x#y', '/user/a%40b/port/8501/x#y'],
    ['http://localhost:8502/x', 'http://localhost:8502/x'],
    ['//evil.example/x', '//evil.example/x'],
    ['x/y', 'x/y'],
    ['http://[', 'http://['],
  ])('redirects to %s by %s', (from, to) => {
    expect(received('Location', from)).toEqual(['Location', to]);
  });

  test.each([
    ['a=b', 'a=b; Path=/user/a%40b/port/8501/'],
    ['a=b; path=/x; Secure; SameSite=None', 'a=b; Secure; SameSite=None; Path=/user/a%40b/port/8501/x'],
    ['a=b;Path = /x;PATH=/y', 'a=b; Path=/user/a%40b/port/8501/y'],
    ['a=b; Path=/user/a%40b/port/8501/z', 'a=b; Path=/user/a%40b/port/8501/z'],
    ['a=b; Domain=.example; domain', 'a=b; Path=/user/a%40b/port/8501/'],
    ['a=b; Path', 'a=b; Path=/user/a%40b/port/8501/'],
  ])('sets the cookie %s as %s', (from, to) => {
    expect(received('Set-Cookie', from)).toEqual(['Set-Cookie', to]);
  });

  test.each(['jupyterhub-session-id=x', '_xsrf=x', '__HOST-portwrap-browser=x', '=x=y', 'x', 'a b=c', ''])(
    'does not set the cookie %j',
    (cookie) => {
      expect(received('Set-Cookie', cookie)).toEqual([]);
    },
  );

  test.each([
    'Clear-Site-Data',
    'Strict-Transport-Security',
    'Alt-Svc',
    'Service-Worker-Allowed',
    'NEL',
    'Report-To',
    'Keep-Alive',
  ])('says nothing for the whole host or connection by %s', (name) => {
    expect(received(name, 'x', 'Content-Type', 'text/html')).toEqual(['Content-Type', 'text/html']);
  });
});

describe('at a host of its own', () => {
  const origin = 'https://8501--a.hub.example';
  const own: Place = { port: 8501, origin, prefix: '', host: '8501--a.hub.example', isSecure: true };

  test('a program gets credentials that are its own, no prefix, and none that the hub sets for all hosts', () => {
    const fields = [
      ...['Authorization', 'Bearer x', 'X-Forwarded-Prefix', '/lie'],
      ...['Cookie', 'jupyterhub-session-id=s; _xsrf=1; username-x=2; __Host-portwrap-port=s; __Host-a=3'],
      ...['Referer', `${origin}/a?b`, 'Referer', 'https://hub.example/hub/home?secret'],
    ];
    expect(toProgram(fields, own)).toEqual([
      ...['Host', 'localhost:8501', 'X-Forwarded-Host', '8501--a.hub.example', 'X-Forwarded-Proto', 'https'],
      ...['Authorization', 'Bearer x', 'Cookie', '_xsrf=1; username-x=2; __Host-a=3'],
      ...['Referer', 'http://localhost:8501/a?b'],
    ]);
  });

  test.each([
    ['/x', '/x'],
    ['http://localhost:8501/x?y#z', `${origin}/x?y#z`],
    ['http://localhost:8501//evil.example', `${origin}//evil.example`],
    ['https://elsewhere.example/', 'https://elsewhere.example/'],
  ])('a redirect to %s leads to %s', (from, to) => {
    expect(toBrowser(['Location', from], own)).toEqual(['Location', to]);
  });

  test('its cookies are for this host only, and it sets none of ours under any spelling', () => {
    const set = (cookie: string) => toBrowser(['Set-Cookie', cookie], own)[1];
    expect(set('a=1; Domain=hub.example; Path=/x; Secure')).toBe('a=1; Secure; Path=/x');
    expect(set('__Host-a=1; Path=/; Secure')).toBe('__Host-a=1; Secure; Path=/');
    for (const name of [
      '__Host-portwrap-port',
      '__host-PORTWRAP-port',
      'portwrap-port',
      'jupyterhub-session-id',
    ])
      expect(set(`${name}=1; Path=/; Secure`)).toBeUndefined();
  });

  test('what counts for this host passes, and what counts for the site does not', () => {
    expect(toBrowser(['Service-Worker-Allowed', '/', 'WWW-Authenticate', 'Basic'], own)).toHaveLength(4);
    expect(toBrowser(['Clear-Site-Data', '"*"', 'Strict-Transport-Security', 'max-age=1'], own)).toEqual([]);
  });
});
