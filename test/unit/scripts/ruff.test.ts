// The check of all Python, on texts that break one rule each. Not here: the Python files themselves (npm test checks them).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const { openRuff, problemsIn } = await import(join(root, 'scripts/checks/ruff.mjs'));
const settings = readFileSync(join(root, 'ruff.toml'), 'utf8');

test('good Python has no problem', () => {
  expect(problemsIn(openRuff(settings), 'good.py', 'import sys\n\nprint(sys.argv)\n')).toEqual([]);
});

test.each([
  ['a rule that is broken', 'import sys\n', /^bad\.py:1:8: F401 `sys` imported but unused$/],
  ['text put together by format', 'print("{}".format(1))\n', /^bad\.py:1:7: UP032 /],
  ['what is not Python', 'def f(:\n', /^bad\.py:1:7: invalid-syntax /],
  ['syntax of a later Python', 'match 1:\n    case 1:\n        pass\n', /invalid-syntax .*on Python 3\.8/],
  ['another layout', 'print( 1 )\n', /^bad\.py: not formatted: npm run format$/],
])('%s is named with its place', (_, text, problem) => {
  const [first, ...others] = problemsIn(openRuff(settings), 'bad.py', text);
  expect(first).toMatch(problem);
  expect(others.filter((other: string) => !other.includes('invalid-syntax'))).toEqual([]);
});

test.each([['no-such-setting = 1'], ['[lint]\nselect = ["NO-SUCH-RULE"]']])(
  'the settings %s are refused rather than ignored',
  (text) => {
    expect(() => openRuff(text)).toThrow(/no-such-setting|NO-SUCH-RULE/);
  },
);
