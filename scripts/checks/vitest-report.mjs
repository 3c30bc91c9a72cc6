// Counts tests from the JSON report of vitest. A report that does not exist counts nothing.
// Not here: pytest's reports (junit-report.mjs), the summary (summary.mjs).
import { existsSync, readFileSync } from 'node:fs';

/**
 * The counts of a run. `again` is the report of the second run; its results replace those of the same files.
 * `skips` and `expectedFailures` carry the reasons that the tests state (test/support/reasons.ts). `rerun` are the files
 * for a second run.
 */
export function countVitest(path, again = path) {
  if (!existsSync(path)) return { passed: 0, failed: 0, skipped: 0 };
  const first = testsByFile(path);
  const second = existsSync(again) ? testsByFile(again) : new Map();
  const last = [...new Map([...first, ...second]).values()].flat();
  const having = (status) => last.filter((test) => test.status === status);
  const [passed, failed, expected] = [having('passed'), having('failed'), having('failed as expected')];
  const skipped = last.filter((test) => ![...passed, ...failed, ...expected].includes(test));
  const names = new Set(failed.map(({ name }) => name));
  return {
    passed: passed.length,
    failed: failed.length,
    skipped: skipped.length,
    expected: expected.length,
    skips: skipped.map(withReason),
    expectedFailures: expected.map(withReason),
    failures: failed.map(withMessage),
    rerun: [...new Set(failed.map(({ file }) => file))],
    unsteady: [...first.values()]
      .flat()
      .filter(({ status, name }) => status === 'failed' && !names.has(name))
      .map(withMessage),
  };
}

function testsByFile(path) {
  const report = JSON.parse(readFileSync(path, 'utf8'));
  return new Map(
    report.testResults.map(({ name: file, status, message, assertionResults }) => {
      const tests = assertionResults.map((test) => ({
        ...{ file, name: test.fullName, status: statusOf(test) },
        reason: test.meta?.skipped ?? test.meta?.expectedFailure ?? 'no reason given',
        message: firstLines((test.failureMessages ?? []).join('\n')),
      }));
      // A file that fails to load, or whose setup fails, reports no tests.
      const broken = status === 'failed' && !tests.some((test) => test.status === 'failed');
      const whole = {
        ...{ file, name: `${file} as a whole`, status: 'failed' },
        message: firstLines(message ?? ''),
      };
      return [file, broken ? [...tests, whole] : tests];
    }),
  );
}

/** vitest reports a test that failed as expected as passed. */
const statusOf = ({ status, meta }) =>
  status === 'passed' && meta?.expectedFailure !== undefined ? 'failed as expected' : status;
const withReason = ({ name, reason }) => ({ name, reason });
const withMessage = ({ name, message }) => ({ name, message });
const ours = (line) => !/^ +at .*node_modules/.test(line);
const firstLines = (text) => text.split('\n').filter(ours).slice(0, 12).join('\n');
