import { expect, test } from 'vitest';
import { parseTarget } from '../../../../proxy/http/target.ts';

test.each([
  ['http://127.0.0.1:8888', { tls: false, hostname: '127.0.0.1', port: 8888, path: '', query: '' }],
  ['http://h', { port: 80, host: 'h' }],
  ['https://h', { port: 443, tls: true, host: 'h' }],
  ['http://[::1]:5/foo/', { hostname: '::1', port: 5, path: '/foo', host: '[::1]:5' }],
  ['http://h/foo?x=1', { path: '/foo', query: 'x=1' }],
  ['http+unix://%2Frun%2Fa.sock/foo', { socketPath: '/run/a.sock', path: '/foo', tls: false }],
  ['unix+http://%2Frun%2Fa.sock', { socketPath: '/run/a.sock', path: '' }],
])('%s is read', (url, parts) => {
  expect(parseTarget(url)).toMatchObject(parts);
});

test.each([
  'nota url',
  'ftp://x',
  '',
  'ws://x',
  'http://',
  'http+unix://',
  'http+unix://%00',
  'http+unix://%zz',
])('%j is no target', (url) => {
  expect(parseTarget(url)).toBeUndefined();
});

test('the same server has the same key, whatever the path', () => {
  expect(parseTarget('http://h:1/a')?.key).toBe(parseTarget('http://h:1/b?c')?.key);
  expect(parseTarget('http://h:1')?.key).not.toBe(parseTarget('https://h:1')?.key);
});
