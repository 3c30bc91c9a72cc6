// Counts tests from the JUnit XML that pytest writes. A report that does not exist counts nothing.
// Not here: vitest's report (vitest-report.mjs), the summary (summary.mjs).
import { existsSync, readFileSync } from 'node:fs';
import { XMLParser } from 'fast-xml-parser';

/**
 * The counts of a run. `again` is the report of the second run; its results replace those of the same tests. `rerun` are
 * the tests for a second run, each as file::test.
 */
export function countPytest(path, again = path) {
  if (!existsSync(path)) return { passed: 0, failed: 0, skipped: 0 };
  const first = casesById(path);
  const second = existsSync(again) ? casesById(again) : new Map();
  const cases = [...new Map([...first, ...second]).values()].flat();
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
    failures: failed.map(withMessage),
    rerun: [...new Set(failed.map(({ test }) => idOf(test)))],
    unsteady: [...first]
      .filter(([id]) => !failed.some(({ test }) => idOf(test) === id))
      .flatMap(([, tests]) => tests.flatMap(outcomesIn('failure', 'error')).map(withMessage)),
  };
}

function casesById(path) {
  const suites = parser.parse(readFileSync(path, 'utf8')).testsuites?.testsuite ?? [];
  const byId = new Map();
  for (const test of suites.flatMap(({ testcase = [] }) => testcase))
    byId.set(idOf(test), [...(byId.get(idOf(test)) ?? []), test]);
  return byId;
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
const idOf = ({ classname = '', name }) => `${classname.split('.').at(-1)}.py::${name}`;
const withMessage = ({ test, message }) => ({ name: nameOf(test), message: firstLines(message) });
const withReason = ({ test, message }) => ({ name: nameOf(test), reason: message || 'no reason given' });
const firstLines = (text) => text.split('\n').slice(0, 12).join('\n');
