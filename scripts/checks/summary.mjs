// What all checks add up to: a table, the closing line, and whether it is good.

export function summarize(outcomes, { inCi }) {
  const sum = (key) => outcomes.reduce((total, { counts }) => total + (counts?.[key] ?? 0), 0);
  const passed = sum('passed');
  const skipped = sum('skipped');
  // A check without tests, and a run that failed for another reason than a test, count as one failure.
  const failed =
    sum('failed') + outcomes.filter(({ ok, counts }) => !ok && (counts?.failed ?? 0) === 0).length;
  const line = `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
  // On a developer's machine a tool may be missing; where we decide what is installed, it may not.
  const ok = failed === 0 && passed > 0 && !(inCi && skipped > 0);
  return { table: outcomes.map(row).join('\n'), line, ok };
}

function row({ name, ok, seconds, counts }) {
  const tests = counts ? `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped` : '';
  return `${ok ? 'ok    ' : 'FAILED'} ${name.padEnd(58)} ${seconds.toFixed(1).padStart(7)} s  ${tests}`.trimEnd();
}
