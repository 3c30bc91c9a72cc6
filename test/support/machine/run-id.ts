// Which run of the tests this is: part of the name of whatever it makes where others make things too.
// Not here: setting it (whole-run.ts, and scripts/checks/run.mjs for npm test).

/** Where it stands; it reaches the workers of the tests with the environment. */
export const variable = 'PORTWRAP_TEST_RUN';

/** A bench is a run of its own. */
export function runId(): string {
  return process.env[variable] ?? `bench${process.pid}`;
}
