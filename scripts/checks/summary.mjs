// The summary of all checks: a table, the closing line, and whether the run passed.
// Not here: counting tests (vitest-report.mjs, junit-report.mjs).
import { flaky, permitFor } from './flaky.mjs';

/** `strict`: a test that passed only on the second run fails the run, unless flaky.mjs permits it. */
export function summarize(outcomes, { strict = false, today = isoDay(new Date()), permits = flaky } = {}) {
  const judged = strict ? outcomes.map((outcome) => withoutUnsteady(outcome, today, permits)) : outcomes;
  const sum = (key) => judged.reduce((total, { counts }) => total + (counts?.[key] ?? 0), 0);
  const [passed, skipped, expected] = [sum('passed'), sum('skipped'), sum('expected')];
  // A failed check counts as one failure if it has no tests or if no test caused the failure.
  const failed = sum('failed') + judged.filter(({ ok, counts }) => !ok && (counts?.failed ?? 0) === 0).length;
  const line = [
    ...[`${passed} passed`, `${failed} failed`],
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
    ...(expected > 0 ? [`${expected} failed as expected`] : []),
  ].join(', ');
  // Failures come last, where a person looks first.
  const table = [...judged.flatMap(rows), ...judged.flatMap(failures)].join('\n');
  return { table, line, ok: failed === 0 && passed > 0 };
}

const isoDay = (date) => date.toISOString().slice(0, 10);

/** Counts flaky tests without a permit as failed. */
function withoutUnsteady({ counts, ...outcome }, today, permits) {
  const refused = (counts?.unsteady ?? []).filter(
    ({ name }) => permitFor(name, today, permits) === undefined,
  );
  if (refused.length === 0) return { ...outcome, counts };
  const failures = refused.map(({ name, message }) => ({
    name: `${name} (passed when it was run again: mend it, or permit it in scripts/checks/flaky.mjs)`,
    message,
  }));
  return {
    ...outcome,
    ok: false,
    counts: {
      ...counts,
      passed: counts.passed - refused.length,
      failed: counts.failed + refused.length,
      failures: [...(counts.failures ?? []), ...failures],
      unsteady: counts.unsteady.filter((test) => !refused.includes(test)),
    },
  };
}

function rows({ name, ok, seconds, counts }) {
  const row = `${ok ? 'ok    ' : 'FAILED'} ${name.padEnd(58)} ${seconds.toFixed(1).padStart(7)} s  ${describe(counts)}`;
  return [
    row.trimEnd(),
    ...(counts?.skips ?? []).map((test) => `         skipped: ${test.name} (${test.reason})`),
    ...(counts?.expectedFailures ?? []).map(
      (test) => `         failed as expected: ${test.name} (${test.reason})`,
    ),
  ];
}

function failures({ name, ok, counts, said = '' }) {
  const why = ({ message }) => message.split('\n').map((text) => `         ${text}`.trimEnd());
  const told = (what) => (test) => [`${what}: ${test.name} (${name})`, ...why(test)];
  const hasNamed = (counts?.failures ?? []).length > 0;
  return [
    ...(ok || hasNamed ? [] : [`failed: ${name}`, ...why({ message: said })]),
    ...(counts?.unsteady ?? []).flatMap(told('passed only when it was run again')),
    ...(counts?.failures ?? []).flatMap(told('failed')),
  ];
}

function describe(counts) {
  if (counts === undefined) return '';
  const expected = counts.expected > 0 ? `, ${counts.expected} failed as expected` : '';
  return `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped${expected}`;
}
