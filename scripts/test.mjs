// npm test [-- --strict]: from a fresh clone to one line that counts tests. Prepares what is missing, then runs every
// check and every test, even after failures. With --strict, used in continuous integration, a test that passes only
// on its second run fails the run. Not here: the checks (checks/).
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
import { main, Refusal, say } from './setup/say.mjs';
import { openTunDevice } from './setup/tun-device.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

await main(async () => {
  const { strict } = readArguments(process.argv.slice(2));
  checkNodeVersion();
  const python = await ensureSystemPackages(needsToTest);
  openTunDevice();
  await ensureNpmPackages(root);
  // tests that need it are skipped without it, with the reason
  await hubFromPyPI(process.env);
  const build = await attempt('build (tsc)', () => ensureBuild(root));
  const { runChecks } = await import('./checks/checks.mjs'); // it needs the packages
  const run = beginRun(process.env);
  try {
    const outcomes = [build, ...(await runChecks({ root, python, run }))];
    const { table, line, ok } = summarize(outcomes, { strict });
    say(`\n${table}\n\n${line}`);
    return ok ? 0 : 1;
  } finally {
    run.end();
  }
});

function readArguments(argv) {
  try {
    return parseArgs({ args: argv, options: { strict: { type: 'boolean', default: false } } }).values;
  } catch (error) {
    throw new Refusal(`${error.message}\nusage: npm test [-- --strict]`);
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
