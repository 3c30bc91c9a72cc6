// The id of this test run: part of the name of everything that it creates in shared places.
// Not here: setting it (whole-run.ts, and scripts/checks/run.mjs for npm test).

/** The variable that holds it; test workers inherit it with the environment. */
export const variable = 'PORTWRAP_TEST_RUN';

/** A bench is a run of its own. */
export function runId(): string {
  return process.env[variable] ?? `bench${process.pid}`;
}
