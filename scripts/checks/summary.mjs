// What all checks add up to: a table, the closing line, and whether it is good.

export function summarize(outcomes) {
  const sum = (key) => outcomes.reduce((total, { counts }) => total + (counts?.[key] ?? 0), 0);
  const passed = sum('passed');
  const skipped = sum('skipped');
  // A check without tests, and a run that failed for another reason than a test, count as one failure.
  const failed =
    sum('failed') + outcomes.filter(({ ok, counts }) => !ok && (counts?.failed ?? 0) === 0).length;
  const line = `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
  return { table: outcomes.flatMap(rows).join('\n'), line, ok: failed === 0 && passed > 0 };
}

// No tool is missing when we come here, or npm test would have ended: a skipped test is one that does not
// apply. Its name is shown all the same, and so is that of a test that failed before it passed by itself.
function rows({ name, ok, seconds, counts }) {
  const tests = counts ? `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped` : '';
  const row = `${ok ? 'ok    ' : 'FAILED'} ${name.padEnd(58)} ${seconds.toFixed(1).padStart(7)} s  ${tests}`;
  const why = ({ message }) => message.split('\n').map((text) => `             ${text}`.trimEnd());
  return [
    row.trimEnd(),
    ...(counts?.skippedNames ?? []).map((skipped) => `         skipped: ${skipped}`),
    ...(counts?.unsteady ?? []).flatMap((test) => [`         passed only alone: ${test.name}`, ...why(test)]),
    ...(counts?.failures ?? []).flatMap((test) => [`         failed: ${test.name}`, ...why(test)]),
  ];
}
