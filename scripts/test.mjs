// npm test [-- --strict] [--report FILE]: from a fresh clone to one line that counts tests. Prepares what is missing, then runs every
// check and every test, even after failures. With --strict, used in continuous integration, a test that passes only
// on its second run fails the run. FILE gets the outcome of each check as JSON.
// Not here: the checks (checks/), the same with other versions of what it needs (matrix.mjs).
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { beginRun } from './checks/run.mjs';
import { summarize } from './checks/summary.mjs';
import { ensureBuild } from './setup/build.mjs';
import { hubFromPyPI } from './setup/hub.mjs';
import { needsToTest } from './setup/needs.mjs';
import { checkNodeVersion } from './setup/node-version.mjs';
import { ensureNpmPackages } from './setup/npm-packages.mjs';
import { ensureSystemPackages } from './setup/packages.mjs';
import { ensurePromtool } from './setup/promtool.mjs';
import { main, Refusal, say } from './setup/say.mjs';
import { openTunDevice } from './setup/tun-device.mjs';
import { pythonEnvironment } from './worlds/python-environment.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

await main(async () => {
  const { strict, report } = readArguments(process.argv.slice(2));
  checkNodeVersion();
  const python = await ensureSystemPackages(needsToTest);
  openTunDevice();
  await ensureNpmPackages(root);
  // tests that need it are skipped without it, with the reason
  await hubFromPyPI(process.env);
  await ensurePromtool(process.env);
  const later = await laterHub();
  const build = await attempt('build (tsc)', () => ensureBuild(root));
  // they need the packages
  const { checksOfNpmTest } = await import('./checks/checks.mjs');
  const { runChecks } = await import('./checks/run-checks.mjs');
  const run = beginRun(process.env);
  try {
    const reports = join(run.directory, 'reports');
    const checks = checksOfNpmTest({ root, python, reports, later });
    const outcomes = [build, ...(await runChecks({ root, python, run, reports, checks }))];
    if (report !== undefined) writeFileSync(report, JSON.stringify({ outcomes }));
    const { table, line, ok } = summarize(outcomes, { strict });
    say(`\n${table}\n\n${line}`);
    return ok ? 0 : 1;
  } finally {
    run.end();
  }
});

function readArguments(argv) {
  try {
    const options = { strict: { type: 'boolean', default: false }, report: { type: 'string' } };
    return parseArgs({ args: argv, options }).values;
  } catch (error) {
    throw new Refusal(`${error.message}\nusage: npm test [-- --strict] [--report FILE]`);
  }
}

/** {title, python} of the JupyterHub that people install now, or {title, why} if there is none. */
async function laterHub() {
  const title = 'JupyterHub 6';
  try {
    return { title, python: await pythonEnvironment('hub-6') };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const [why] = error.message.split('\n');
    say(why);
    return { title, why };
  }
}

/** A failed build is a line of the table too; the other checks still run. */
async function attempt(name, work) {
  const began = Date.now();
  const ok = await work().then(
    () => true,
    (error) => {
      if (!(error instanceof Refusal)) throw error;
      say(error.message);
      return false;
    },
  );
  return { name, ok, seconds: (Date.now() - began) / 1000 };
}
