// Counts tests from the reports that vitest and pytest leave. A report that is not there counts nothing.
import { existsSync, readFileSync } from 'node:fs';

export function countVitest(path) {
  if (!existsSync(path)) return nothing;
  const report = JSON.parse(readFileSync(path, 'utf8'));
  // A file that cannot even be loaded has no tests that could fail.
  const brokenFiles = report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  );
  const skipped = report.testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status !== 'passed' && status !== 'failed');
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + brokenFiles.length,
    skipped: skipped.length,
    skippedNames: skipped.map(({ fullName }) => fullName),
  };
}

export function countPytest(path) {
  if (!existsSync(path)) return nothing;
  const [suite = ''] = /<testsuite [^>]*>/.exec(readFileSync(path, 'utf8')) ?? [];
  const number = (name) => Number(new RegExp(` ${name}="(\\d+)"`).exec(suite)?.[1] ?? 0);
  const failed = number('failures') + number('errors');
  const skipped = number('skipped');
  return { passed: number('tests') - failed - skipped, failed, skipped };
}

const nothing = { passed: 0, failed: 0, skipped: 0 };
