// Every test asserts something, and every skipped test states a reason. A test without expect can only fail by hanging,
// or by an unrelated exception. Not here: reading the sources (test/support/test-bodies.ts).
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseTests, skipsWithoutReason, testBodies } from '../../support/test-bodies.ts';

const root = join(import.meta.dirname, '../..');
const sources = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.(?:test|contract)\.ts$/.test(path))
  .map((path) => parseTests(path, readFileSync(join(root, path), 'utf8')));

/** Functions of test/support that assert. */
const helpers = new Set(['expectHeldBack']);

test('every test calls expect, by itself or by a helper that does', () => {
  const bodies = sources.flatMap((source) =>
    testBodies(source, helpers).map((body) => ({ ...body, path: source.fileName })),
  );
  expect(bodies.length).toBeGreaterThan(900);
  const silent = bodies.filter(({ asserts }) => !asserts);
  expect(silent.map(({ path, line, title }) => `${path}:${line}: ${title}`)).toEqual([]);
});

test('a test or a group is left out, or expected to fail, by skipIf and failsIf of test/support/reasons.ts only', () => {
  const found = sources.flatMap((source) =>
    skipsWithoutReason(source).map((line) => `${source.fileName}:${line}`),
  );
  expect(found).toEqual([]);
});

const asserting = (text: string) =>
  testBodies(parseTests('x.ts', text), new Set(['settles'])).map(({ asserts }) => asserts);

test.each([
  ["test('a', () => { expect(1).toBe(1); });", [true]],
  ["test('a', async () => { await expect.poll(() => 1).toBe(1); });", [true]],
  ["test('a', async () => { await client.until('x'); });", [false]],
  ["test.each([1])('a %s', { timeout: 1 }, async () => { await once(x, 'end'); });", [false]],
  ['const sound = () => expect(1).toBe(1);\ntest(`a`, () => { sound(); });', [true]],
  ["function loop() { loop(); }\ntest('a', () => { loop(); });", [false]],
  ["test('a', () => { settles(); });\ntest('b', () => { other(); });", [true, false]],
])('the search for tests that assert nothing understands %s', (text, expected) => {
  expect(asserting(text)).toEqual(expected);
});

test.each(["test.skip('a', f);", "describe.runIf(x)('a', f);", "test.each([]).skip('a', f);"])(
  'the search for skips without a reason finds %s',
  (text) => {
    expect(skipsWithoutReason(parseTests('x.ts', text))).toEqual([1]);
  },
);
