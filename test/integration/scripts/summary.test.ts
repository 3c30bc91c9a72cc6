// The closing line of npm test: it counts what the reports say, and is never better than the exit codes.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const load = (name: string) => import(new URL(`../../../scripts/checks/${name}`, import.meta.url).href);
const { summarize } = await load('summary.mjs');
const { countVitest, countPytest } = await load('reports.mjs');

const check = (ok: boolean) => ({ name: 'lint', ok, seconds: 1 });
const tests = (passed: number, failed: number, skipped: number, ok = failed === 0) => ({
  ...{ name: 'tests', ok, seconds: 1 },
  counts: { passed, failed, skipped },
});

describe('the summary', () => {
  test.each([
    ['adds all tests up', [check(true), tests(3, 0, 0), tests(4, 0, 0)], '7 passed, 0 failed', true],
    ['tells a failed test', [tests(3, 2, 0)], '3 passed, 2 failed', false],
    ['counts a failed check', [check(false), tests(3, 0, 0)], '3 passed, 1 failed', false],
    ['counts a run that failed without a failed test', [tests(3, 0, 0, false)], '3 passed, 1 failed', false],
    ['is not good when nothing ran', [check(true), tests(0, 0, 0)], '0 passed, 0 failed', false],
    ['counts what was skipped', [tests(3, 0, 1), tests(1, 0, 0)], '4 passed, 0 failed, 1 skipped', true],
  ])('%s', (_, outcomes, line, ok) => {
    expect(summarize(outcomes)).toMatchObject({ line, ok });
  });
});

describe('the reports', () => {
  test('are counted, with files that could not be loaded, and errors outside of tests', () => {
    const folder = mkdtempSync('/tmp/pws-');
    try {
      const vitest = join(folder, 'vitest.json');
      const file = (status: string, ...statuses: string[]) => ({
        status,
        assertionResults: statuses.map((one) => ({ status: one, fullName: `a test that is ${one}` })),
      });
      writeFileSync(
        vitest,
        JSON.stringify({
          ...{ numPassedTests: 5, numFailedTests: 1 },
          testResults: [
            file('passed', 'passed', 'skipped', 'todo'),
            file('failed', 'failed'),
            file('failed'),
          ],
        }),
      );
      expect(countVitest(vitest)).toEqual({
        ...{ passed: 5, failed: 2, skipped: 2 },
        skippedNames: ['a test that is skipped', 'a test that is todo'],
      });
      const pytest = join(folder, 'pytest.xml');
      writeFileSync(
        pytest,
        '<?xml version="1.0"?><testsuites><testsuite name="pytest" errors="1" failures="2" skipped="3" tests="10" time="1">',
      );
      expect(countPytest(pytest)).toEqual({ passed: 4, failed: 3, skipped: 3 });
      const none = { passed: 0, failed: 0, skipped: 0 };
      expect([countVitest(join(folder, 'no')), countPytest(join(folder, 'no'))]).toEqual([none, none]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
