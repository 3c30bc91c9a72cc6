// Titles of pages of programs that are not trusted.
import { expect, test } from 'vitest';
import { titleOf } from '../../../../spawner/open-ports/title.ts';

test.each([
  ['<html><head><title>Dashboard</title>', 'Dashboard'],
  ['<TITLE lang="en">\n  Two\n lines </TITLE>', 'Two lines'],
  ['<title>a &amp; b &lt;i&gt; &#8212; &#x41;&nbsp;&unknown;</title>', 'a & b <i> — A &unknown;'],
  ['<title>never closed', 'never closed'],
  ['<title></title><title>second</title>', null],
  ['<p>none</p>', null],
  ['', null],
])('of %j is %j', (document, title) => {
  expect(titleOf(document)).toBe(title);
});

test('has no control characters, none that turn text around, and no halves of characters', () => {
  const hostile =
    '<title>a\u0000b\u001b[31mc\u202ed\u2066e\ud800f&#0;&#27;&#x202e;&#55296;&#9999999;g</title>';
  expect(titleOf(hostile)).toBe('ab[31mcdefg');
});

test('is cut, without cutting a character, and soon found in anything', () => {
  expect(titleOf(`<title>${'😀'.repeat(200)}</title>`)).toBe(`${'😀'.repeat(79)}…`);
  const begin = performance.now();
  titleOf('<title '.repeat(10_000));
  titleOf(`<title>${'&#'.repeat(30_000)}`);
  expect(performance.now() - begin).toBeLessThan(2_000);
});
