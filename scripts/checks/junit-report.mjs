// Counts tests from the JUnit XML that pytest writes. A report that does not exist counts nothing.
// Not here: vitest's report (vitest-report.mjs), the summary (summary.mjs).
import { existsSync, readFileSync } from 'node:fs';
import { XMLParser } from 'fast-xml-parser';

export function countPytest(path) {
  if (!existsSync(path)) return { passed: 0, failed: 0, skipped: 0 };
  const suites = parser.parse(readFileSync(path, 'utf8')).testsuites?.testsuite ?? [];
  const cases = suites.flatMap(({ testcase = [] }) => testcase);
  const skipped = cases.flatMap(outcomesIn('skipped'));
  const failed = cases.flatMap(outcomesIn('failure', 'error'));
  const [expected, left] = [skipped.filter(isExpected), skipped.filter((one) => !isExpected(one))];
  const notPassed = new Set([...skipped, ...failed].map(({ test }) => test));
  return {
    passed: cases.filter((test) => !notPassed.has(test)).length,
    failed: failed.length,
    skipped: left.length,
    expected: expected.length,
    skips: left.map(withReason),
    expectedFailures: expected.map(withReason),
    failures: failed.map(({ test, message }) => ({ name: nameOf(test), message: firstLines(message) })),
  };
}

const lists = ['testsuite', 'testcase', 'skipped', 'failure', 'error'];
const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseAttributeValue: false,
  htmlEntities: true, // line breaks in attributes are "&#10;"
  isArray: (name) => lists.includes(name),
});

/** A test can fail and then fail again in its teardown: both count. */
const outcomesIn =
  (...kinds) =>
  (test) =>
    kinds.flatMap((kind) => test[kind] ?? []).map(({ type, message = '' }) => ({ test, type, message }));
const isExpected = ({ type }) => type === 'pytest.xfail';
const nameOf = ({ classname = '', name }) =>
  [...classname.split('.').slice(-1), name].filter(Boolean).join(' ');
const withReason = ({ test, message }) => ({ name: nameOf(test), reason: message || 'no reason given' });
const firstLines = (text) => text.split('\n').slice(0, 12).join('\n');
