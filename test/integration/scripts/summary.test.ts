// The closing line of npm test: it counts what the reports say, and is never better than the exit codes.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';

const load = (name: string) => import(new URL(`../../../scripts/checks/${name}`, import.meta.url).href);
const { summarize } = await load('summary.mjs');
const { countVitest } = await load('vitest-report.mjs');
const { countPytest } = await load('junit-report.mjs');
const { flaky, permitFor } = await load('flaky.mjs');

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

  test('names every test that was skipped or failed as expected, with its reason', () => {
    const counts = {
      ...{ passed: 1, failed: 0, skipped: 1, expected: 1 },
      skips: [{ name: 'a', reason: 'needs root' }],
      expectedFailures: [{ name: 'b', reason: 'a limit' }],
    };
    const { table, line } = summarize([{ ...check(true), counts }]);
    expect(table).toContain('skipped: a (needs root)');
    expect(table).toContain('failed as expected: b (a limit)');
    expect(line).toBe('1 passed, 0 failed, 1 skipped, 1 failed as expected');
  });

  const rerun = [
    {
      ...check(true),
      counts: { passed: 2, failed: 0, skipped: 0, unsteady: [{ name: 'a', message: 'no' }] },
    },
  ];
  const permit = { test: 'a', owner: 'somebody', reason: 'a race in the kernel', until: '2026-03-01' };

  test('names a test that passed only when it was run again, and is good for people', () => {
    const { table, line, ok } = summarize(rerun);
    expect([line, ok]).toEqual(['2 passed, 0 failed', true]);
    expect(table.endsWith('\npassed only when it was run again: a (lint)\n         no')).toBe(true);
  });

  test.each([
    ['without a permit', [], '2026-01-01', '1 passed, 1 failed', false],
    ['with a permit', [permit], '2026-03-01', '2 passed, 0 failed', true],
    ['when the permit has run out', [permit], '2026-03-02', '1 passed, 1 failed', false],
  ])(
    'with --strict judges a test that passed only when it was run again, %s',
    (_, permits, today, line, ok) => {
      const judged = summarize(rerun, { ...{ strict: true, today }, permits });
      expect(judged).toMatchObject({ line, ok });
      expect(judged.table).toContain(ok ? 'passed only when it was run again: a' : 'failed: a (passed when');
    },
  );

  test('every permit names owner, reason and a day within the next 90', () => {
    const latest = new Date(Date.now() + 90 * 24 * 60 * 60 * 1000).toISOString().slice(0, 10);
    const sound = ({ test, owner, reason, until }: typeof permit) =>
      [test, owner, reason].every((text) => text.length > 0) &&
      /^\d{4}-\d\d-\d\d$/.test(until) &&
      until <= latest;
    expect(flaky.filter((one: typeof permit) => !sound(one))).toEqual([]);
    expect(permitFor('a', '2026-01-01', [permit])).toBe(permit);
  });
});

test('npm test refuses an argument that it does not know, before it prepares anything', () => {
  const script = join(import.meta.dirname, '../../../scripts/test.mjs');
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, '--stric'], { encoding: 'utf8' });
  expect(status).not.toBe(0);
  expect(`${stdout}${stderr}`).toContain('usage: npm test [-- --strict]');
});

describe('the reports', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pws-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const one = (status: string) => ({
    ...{ status: status === 'limited' ? 'passed' : status, fullName: `a test that is ${status}` },
    meta: { skipped: { skipped: 'needs root' }, limited: { expectedFailure: 'a limit' } }[status] ?? {},
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
      file('sound', 'passed', 'passed', 'skipped', 'todo', 'limited'),
      file('weak', 'failed', 'failed', 'passed'),
      file('broken', 'failed', 'passed'),
    );

  test('are counted, with files that could not be loaded', () => {
    expect(countVitest(first())).toEqual({
      ...{ passed: 3, failed: 2, skipped: 2, expected: 1 },
      skips: [
        { name: 'a test that is skipped', reason: 'needs root' },
        { name: 'a test that is todo', reason: 'no reason given' },
      ],
      expectedFailures: [{ name: 'a test that is limited', reason: 'a limit' }],
      failures: [failure, { name: 'broken as a whole', message: 'cannot be loaded' }],
      rerun: ['weak', 'broken'],
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

  test('of pytest are counted: errors outside of tests, expected failures, and a second run of single tests', () => {
    const of = (name: string, inside = '') =>
      `<testcase classname="test.hub.test_x" name="${name}">${inside}</testcase>`;
    const text = [
      '<?xml version="1.0"?><testsuites><testsuite name="pytest" tests="5">',
      of('test_sound'),
      of('test_it', '<failure message="assert 1 &lt; 0&#10;no">a trace</failure>'),
      of('test_end', '<error message="left behind">a trace</error>'),
      of('test_tls', '<skipped type="pytest.skip" message="no TLS">here</skipped>'),
      of('test_signal', '<skipped type="pytest.xfail" message="not &quot;ours&quot;" />'),
      '</testsuite></testsuites>',
    ].join('');
    expect(countPytest(write('pytest.xml', text))).toEqual({
      ...{ passed: 1, failed: 2, skipped: 1, expected: 1 },
      skips: [{ name: 'test_x test_tls', reason: 'no TLS' }],
      expectedFailures: [{ name: 'test_x test_signal', reason: 'not "ours"' }],
      failures: [
        { name: 'test_x test_it', message: 'assert 1 < 0\nno' },
        { name: 'test_x test_end', message: 'left behind' },
      ],
      rerun: ['test_x.py::test_it', 'test_x.py::test_end'],
      unsteady: [],
    });
    const again = `<testsuites><testsuite name="pytest">${of('test_end')}</testsuite></testsuites>`;
    expect(countPytest(join(folder, 'pytest.xml'), write('pytest-again.xml', again))).toMatchObject({
      ...{ passed: 2, failed: 1, skipped: 1, expected: 1 },
      failures: [{ name: 'test_x test_it' }],
      rerun: ['test_x.py::test_it'],
      unsteady: [{ name: 'test_x test_end', message: 'left behind' }],
    });
  });

  test('that are not there count nothing', () => {
    const none = { passed: 0, failed: 0, skipped: 0 };
    expect([countVitest(join(folder, 'no')), countPytest(join(folder, 'no'))]).toEqual([none, none]);
  });
});
