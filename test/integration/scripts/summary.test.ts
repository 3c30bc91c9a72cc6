// The closing line of npm test: it counts what the reports say, and is never better than the exit codes.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';

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
  const folder = mkdtempSync(join(tmpdir(), 'pws-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const one = (status: string) => ({
    ...{ status, fullName: `a test that is ${status}` },
    failureMessages: status === 'failed' ? ['Error: no\n    at once'] : [],
  });
  const file = (name: string, status: string, ...statuses: string[]) => ({
    ...{ name, status, message: 'cannot be loaded', assertionResults: statuses.map(one) },
  });
  const report = (name: string, ...testResults: object[]) => write(name, JSON.stringify({ testResults }));
  const failure = { name: 'a test that is failed', message: 'Error: no\n    at once' };
  const first = () =>
    report(
      'vitest.json',
      file('sound', 'passed', 'passed', 'skipped', 'todo'),
      file('weak', 'failed', 'failed', 'passed'),
      file('broken', 'failed', 'passed'),
    );

  test('are counted, with files that could not be loaded', () => {
    expect(countVitest(first())).toEqual({
      ...{ passed: 3, failed: 2, skipped: 2 },
      skippedNames: ['a test that is skipped', 'a test that is todo'],
      failures: [failure, { name: 'broken as a whole', message: 'cannot be loaded' }],
      failedFiles: ['weak', 'broken'],
      unsteady: [],
    });
  });

  test('of a second run count for its files, and what failed before it is named', () => {
    const again = report('again.json', file('weak', 'passed', 'passed', 'passed'), file('broken', 'failed'));
    expect(countVitest(first(), again)).toMatchObject({
      ...{ passed: 3, failed: 1, skipped: 2 },
      failures: [{ name: 'broken as a whole' }],
      unsteady: [failure],
    });
  });

  test('of pytest are counted, with errors outside of tests', () => {
    const counts = 'errors="1" failures="2" skipped="3" tests="10"';
    const failed = '<testcase classname="x" name="test_it"><failure message="assert 1 &lt; 0&#10;no">';
    const text = `<?xml version="1.0"?><testsuites><testsuite name="pytest" ${counts} time="1">${failed}`;
    expect(countPytest(write('pytest.xml', text))).toEqual({
      ...{ passed: 4, failed: 3, skipped: 3 },
      failures: [{ name: 'test_it', message: 'assert 1 < 0\nno' }],
    });
  });

  test('that are not there count nothing', () => {
    const none = { passed: 0, failed: 0, skipped: 0 };
    expect([countVitest(join(folder, 'no')), countPytest(join(folder, 'no'))]).toEqual([none, none]);
  });
});
