import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readPublicPath, splitPath, withoutPrefix } from '../../../../proxy/routes/public-path.ts';

test.each([
  ['/', [], '/', ''],
  ['/user/a/x', ['user', 'a', 'x'], '/user/a/x', ''],
  ['/user/a/', ['user', 'a'], '/user/a/', ''],
  ['/user/%40x', ['user', '@x'], '/user/%40x', ''],
  ['/user/x%2Fy/z', ['user', 'x', 'y', 'z'], '/user/x%2Fy/z', ''],
  ['/a?x=/../b', ['a'], '/a', '?x=/../b'],
  ['/a?', ['a'], '/a', '?'],
  ['/a#/../b', ['a'], '/a', ''],
  ['/a?b#c', ['a'], '/a', '?b'],
  ['/user/a/../b', ['user', 'b'], '/user/b', ''],
  ['/user/a/%2e%2E/b', ['user', 'b'], '/user/b', ''],
  ['/user/a/.%2e', ['user'], '/user/', ''],
  ['/user/a\\..\\b', ['user', 'b'], '/user/b', ''],
  ['/user/./a', ['user', 'a'], '/user/a', ''],
  ['/user/a/...', ['user', 'a', '...'], '/user/a/...', ''],
  ['/user/a/.hidden', ['user', 'a', '.hidden'], '/user/a/.hidden', ''],
  ['//user//a', ['user', '', 'a'], '//user//a', ''],
  ['http://h:1/user/a?x', ['user', 'a'], '/user/a', '?x'],
  ['http://h', [], '/', ''],
  ['http://h?x', [], '/', '?x'],
  ['/%E7%A7%80', ['秀'], '/%E7%A7%80', ''],
  ['/{}"<>|^`', ['{}"<>|^`'], '/{}"<>|^`', ''],
])('%s is read as %j and passed on as %s%s', (url, segments, path, query) => {
  expect(readPublicPath(url)).toEqual({ segments, path, query });
});

test.each(['/%', '/%zz', '/a%2', '/%ff', '/%C3%28'])('%s is malformed', (url) => {
  expect(readPublicPath(url)).toBeUndefined();
});

test('what is passed on never holds dot segments, in any spelling', () => {
  const part = fc.constantFrom(
    'a',
    'user',
    '.',
    '..',
    '%2e',
    '%2E%2e',
    '.%2e',
    '/',
    '\\',
    '//',
    '%41',
    '...',
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
      const read = readPublicPath(`/${parts.join('/')}`);
      expect(read?.path).not.toMatch(/(?:^|[/\\])(?:\.|%2e){1,2}(?:[/\\]|$)/i);
    }),
  );
});

test('a URL is routed by the same segments as its own path read again', () => {
  const part = fc.constantFrom(
    'a',
    '.',
    '..',
    '%2e%2e',
    '/',
    '\\',
    '%2F',
    '%40',
    '%25',
    '?',
    '#',
    'é'.normalize(),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
      const first = readPublicPath(`/${parts.join('')}`);
      if (first === undefined) return;
      const again = readPublicPath(first.path + first.query);
      expect(again?.segments).toEqual(first.segments);
    }),
  );
});

test.each([
  ['/user/a/x', 2, '/x'],
  ['/user/a', 2, ''],
  ['/user/a/', 2, '/'],
  ['/user/%40a/x%20y', 2, '/x%20y'],
  ['/user%2Fa/x', 2, '/x'],
  ['/user/a%2Fx', 2, '/x'],
  ['//user/a/x', 2, '/x'],
  ['/x', 0, '/x'],
])('%s without %i segments is %s', (path, count, rest) => {
  expect(withoutPrefix(path, count)).toBe(rest);
});

test('what is left without a prefix has the segments that follow it', () => {
  const segment = fc.constantFrom('a', 'b%20c', 'x%40', '%41');
  fc.assert(
    fc.property(fc.array(segment, { minLength: 1, maxLength: 6 }), fc.nat(6), (parts, cut) => {
      const count = Math.min(cut, parts.length);
      const path = `/${parts.join('/')}`;
      const all = splitPath(decodeURIComponent(path));
      expect(splitPath(decodeURIComponent(withoutPrefix(path, count)))).toEqual(all.slice(count));
    }),
  );
});
