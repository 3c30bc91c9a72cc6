import { describe, expect, test } from 'vitest';
import { decide } from '../../../../../proxy/front/compress/compressible.ts';

type Change = Record<string, string | undefined>;

/** JupyterLab's own scripts, as jupyter-server 2 sends them. */
const script = {
  'content-type': 'application/javascript',
  'cache-control': 'public, max-age=31536000, immutable',
  'content-length': '100000',
};

function decision(
  fields: Change = {},
  headers: Change = {},
  status = 200,
  method = 'GET',
  path = '/x',
  minor = 1,
) {
  const all = { ...script, ...fields };
  const given = Object.entries(all).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  const asked = { method, httpVersionMinor: minor, path, headers: { 'accept-encoding': 'gzip', ...headers } };
  return decide(asked, status, new Map(given), ['br', 'gzip']);
}

test('a script of JupyterLab is compressed', () => {
  expect(decision()).toBe('gzip');
  expect(decision({}, { 'accept-encoding': 'gzip, deflate, br' })).toBe('br');
});

test.each([
  ['public', 'gzip'],
  ['immutable', 'gzip'],
  ['PUBLIC', 'gzip'],
  ['max-age=60,public', 'gzip'],
  ['public, no-cache', 'gzip'],
  // what jupyter-server sends for ?v=, also for the files of a user
  ['max-age=315360000', 'plain'],
  ['no-cache', 'plain'],
  [undefined, 'plain'],
  ['private, immutable', 'plain'],
  ['public, no-store', 'plain'],
  ['public, no-transform', 'plain'],
  ['private="set-cookie", public', 'plain'],
  ['extension="a, public"', 'plain'],
  ['publicity', 'plain'],
])('with Cache-Control %j it is %j', (control, expected) => {
  expect(decision({ 'cache-control': control })).toBe(expected);
});

describe('a program whose name has the hash of its content', () => {
  /** A script of an extension of JupyterLab, as jupyter-server 2 sends it. */
  const extension = {
    'cache-control': 'no-cache',
    'last-modified': 'Sat, 28 Nov 2026 07:01:12 GMT',
    'accept-ranges': 'bytes',
  };
  const path = '/user/x/lab/extensions/plot/static/remoteEntry.83856cd0a08d728a.js';

  test('is compressed when it is a file', () => {
    expect(decision(extension, {}, 200, 'GET', path)).toBe('gzip');
    expect(decision(extension, { range: 'bytes=0-9' }, 200, 'GET', path)).toBe('vary');
  });

  test.each<[string, Change, string]>([
    ['a program has made it', { 'last-modified': undefined }, path],
    ['it has no ranges', { 'accept-ranges': 'none' }, path],
    ['it is private', { 'cache-control': 'private' }, path],
    ['it must not be stored', { 'cache-control': 'no-store' }, path],
    ['it sets a cookie', { 'set-cookie': 'a=b' }, path],
    ['it differs by cookie', { vary: 'Cookie' }, path],
    ['its name has no hash', {}, '/user/x/files/notes.js'],
    ['its name has a short one', {}, '/user/x/files/notes.83856cd0.js'],
    ['it is data', { 'content-type': 'application/json' }, path.replace('.js', '.json')],
  ])('is sent as it is when %s', (_why, change, at) => {
    expect(decision({ ...extension, ...change }, {}, 200, 'GET', at)).toBe('plain');
  });
});

test.each([
  ['text/javascript; charset=utf-8', 'gzip'],
  ['Text/CSS', 'gzip'],
  ['application/json', 'gzip'],
  ['application/manifest+json', 'gzip'],
  ['image/svg+xml', 'gzip'],
  ['application/wasm', 'gzip'],
  ['font/ttf', 'gzip'],
  ['font/otf', 'gzip'],
  ['application/vnd.ms-fontobject', 'gzip'],
  ['font/woff', 'plain'],
  ['font/woff2', 'plain'],
  ['image/png', 'plain'],
  ['text/event-stream', 'plain'],
  ['application/octet-stream', 'plain'],
  ['application/zip', 'plain'],
  ['', 'plain'],
  [undefined, 'plain'],
])('the type %j is %j', (type, expected) => {
  expect(decision({ 'content-type': type })).toBe(expected);
});

test('a page is compressed only if it is public', () => {
  for (const type of ['text/html; charset=utf-8', 'application/xhtml+xml']) {
    expect(decision({ 'content-type': type })).toBe('gzip');
    expect(decision({ 'content-type': type, 'cache-control': 'max-age=9, immutable' })).toBe('plain');
  }
});

test('source maps are known by their names', () => {
  const bytes = { 'content-type': 'application/octet-stream' };
  expect(decision(bytes, {}, 200, 'GET', '/a.js.map')).toBe('gzip');
  expect(decision(bytes, {}, 200, 'GET', '/a.wasm')).toBe('gzip');
  expect(decision(bytes, {}, 200, 'GET', '/a.map/b')).toBe('plain');
});

test.each([
  [{ 'content-encoding': 'gzip' }, 'plain'],
  [{ 'content-encoding': 'identity' }, 'plain'],
  [{ 'content-range': 'bytes 0-9/10' }, 'plain'],
  [{ 'set-cookie': 'a=b' }, 'plain'],
  [{ trailer: 'Content-Digest' }, 'plain'],
  [{ vary: '*' }, 'plain'],
  [{ vary: 'Origin, Cookie' }, 'plain'],
  [{ vary: 'authorization' }, 'plain'],
  [{ vary: 'Origin' }, 'gzip'],
  [{ 'content-length': '1023' }, 'plain'],
  [{ 'content-length': '1024' }, 'gzip'],
  [{ 'content-length': 'many' }, 'plain'],
  [{ 'content-length': undefined }, 'gzip'],
])('with %j it is %j', (fields, expected) => {
  expect(decision(fields)).toBe(expected);
});

test.each([
  [{ range: 'bytes=0-' }, 'vary'],
  [{ 'cache-control': 'no-transform' }, 'vary'],
  [{ 'cache-control': 'no-cache' }, 'gzip'],
  [{ 'accept-encoding': undefined }, 'vary'],
  [{ 'accept-encoding': 'identity' }, 'vary'],
  [{ 'accept-encoding': 'identity;q=0' }, 'vary'],
])('for a request with %j it is %j', (headers, expected) => {
  expect(decision({}, headers)).toBe(expected);
});

test.each([
  [200, 'GET', 'gzip'],
  [200, 'HEAD', 'vary'],
  [200, 'POST', 'plain'],
  [206, 'GET', 'plain'],
  [204, 'GET', 'plain'],
  [304, 'GET', 'vary'],
  [404, 'GET', 'plain'],
])('status %d for %s is %j', (status, method, expected) => {
  expect(decision({}, {}, status, method)).toBe(expected);
});

test('HTTP/1.0 gets it as it is: it has no chunked coding', () => {
  expect(decision({}, {}, 200, 'GET', '/x', 0)).toBe('vary');
});
