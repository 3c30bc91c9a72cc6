// npm run test:matrix [-- NAME...]: tests with each JupyterHub, Node and Debian that people have (matrix/worlds.mjs).
// Ends with one table of them all, and with 1 when a test has failed in any. Needs the setup of npm test.
// Not here: the checks themselves (checks/).
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beginRun } from './checks/run.mjs';
import { summarize } from './checks/summary.mjs';
import { ensureBuild } from './setup/build.mjs';
import { needsToTest } from './setup/needs.mjs';
import { checkNodeVersion } from './setup/node-version.mjs';
import { ensureNpmPackages } from './setup/npm-packages.mjs';
import { ensureSystemPackages } from './setup/packages.mjs';
import { main, Refusal, say } from './setup/say.mjs';
import { openTunDevice } from './setup/tun-device.mjs';

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');

await main(async () => {
  checkNodeVersion();
  const python = await ensureSystemPackages(needsToTest);
  openTunDevice();
  await ensureNpmPackages(root);
  // they need the packages
  const { runChecks, skippedCheck } = await import('./checks/run-checks.mjs');
  const { matrixWorlds } = await import('./matrix/worlds.mjs');
  const worlds = choose(matrixWorlds, process.argv.slice(2));
  await ensureBuild(root);
  const run = beginRun(process.env);
  const outcomes = [];
  try {
    for (const world of worlds) {
      say(`\n> ${world.name}: ${world.title}`);
      const reports = join(run.directory, 'reports', world.name);
      const checks = await prepared(world, { root, reports }, skippedCheck);
      const done = await runChecks({ root, python, run, reports, checks });
      outcomes.push(...done.map((outcome) => ({ ...outcome, name: `${world.name}: ${outcome.name}` })));
    }
  } finally {
    run.end();
  }
  const { table, line, ok } = summarize(outcomes);
  say(`\n${table}\n\n${line}`);
  return ok ? 0 : 1;
});

/** A world that cannot be made here is skipped, with the reason. */
async function prepared(world, place, skippedCheck) {
  try {
    return await world.checks(place);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    say(error.message);
    return [skippedCheck(world.title, error.message.split('\n')[0])];
  }
}

function choose(worlds, names) {
  const unknown = names.filter((name) => !worlds.some((world) => world.name === name));
  if (unknown.length > 0) {
    const known = worlds.map(({ name }) => name).join(', ');
    throw new Refusal(`There is no world "${unknown.join(', ')}". There are: ${known}.`);
  }
  return names.length === 0 ? worlds : worlds.filter(({ name }) => names.includes(name));
}
