// Counts a whole npm test from the report of its checks (npm test -- --report FILE), as if it were one check.
// Not here: writing it (../test.mjs).
import { existsSync, readFileSync } from 'node:fs';

/** A report that does not exist counts nothing. */
export function countNpmTest(path) {
  if (!existsSync(path)) return { passed: 0, failed: 0, skipped: 0 };
  const { outcomes } = JSON.parse(readFileSync(path, 'utf8'));
  const sum = (key) => outcomes.reduce((total, { counts }) => total + (counts?.[key] ?? 0), 0);
  const all = (key) => outcomes.flatMap(({ counts }) => counts?.[key] ?? []);
  // such as lint: without tests
  const whole = outcomes
    .filter(({ ok, counts }) => !ok && (counts?.failed ?? 0) === 0)
    .map(({ name }) => ({ name, message: 'it failed as a whole' }));
  return {
    passed: sum('passed'),
    failed: sum('failed') + whole.length,
    skipped: sum('skipped'),
    expected: sum('expected'),
    skips: all('skips'),
    expectedFailures: all('expectedFailures'),
    failures: [...all('failures'), ...whole],
    unsteady: all('unsteady'),
  };
}
