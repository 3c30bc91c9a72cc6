// Tests that may pass only when they are run again, although continuous integration runs them (--strict): each with
// its owner, why it cannot be fixed yet, and the last day of the permit. Keep this list empty.
// Not here: running tests again (checks.mjs).

/** {test: 'its full name', owner, reason, until: 'YYYY-MM-DD'} */
export const flaky = [];

/** The entry that permits this test to be flaky on that day, if `until` has not passed. */
export function permitFor(name, today, list = flaky) {
  return list.find(({ test, until }) => test === name && today <= until);
}
