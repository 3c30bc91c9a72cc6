// npm run test:install [-- FILE...]: docs/install.md, word for word, in Debian 12 and 13. Makes the packages of this
// checkout (npm run package), roots of Debian (debootstrap, once), and runs the tests of test/install. Needs root.
// INSTALL_DIRECTORY=DIRECTORY keeps the packages there, and uses those that are there.
// Not here: the tests.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { debianRoot } from '../matrix/debian-root.mjs';
import { cachePath } from '../setup/cache.mjs';
import { needsToTestInstall } from '../setup/needs.mjs';
import { ensureNpmPackages } from '../setup/npm-packages.mjs';
import { ensureSystemPackages } from '../setup/packages.mjs';
import { main, Refusal, run, step } from '../setup/say.mjs';
import { makeNodePackages } from './node-package.mjs';
import { makeOlderPackage } from './older-package.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

await main(async () => {
  if (process.getuid() !== 0) throw new Refusal('The tests make roots of Debian: run this as root.');
  const given = process.env.INSTALL_DIRECTORY;
  await ensureSystemPackages(needsToTestInstall);
  await ensureNpmPackages(root);
  // not /tmp, which may be in memory
  const directory = given === undefined ? mkdtempSync('/var/tmp/portwrap-install-') : resolve(given);
  try {
    await makePackages(join(directory, 'packages'));
    for (const [name, suite] of [
      ['debian-12', 'bookworm'],
      ['debian-13', 'trixie'],
    ])
      await debianRoot({ name, suite });
    const vitest = join(root, 'node_modules/vitest/vitest.mjs');
    const options = ['run', '--config', join(root, 'test/install/vitest.config.ts')];
    const env = { ...process.env, INSTALL_DIRECTORY: directory, INSTALL_ROOTS: cachePath(process.env) };
    const argv = [vitest, ...options, ...process.argv.slice(2)];
    return spawnSync(process.execPath, argv, { cwd: root, env, stdio: 'inherit' }).status ?? 1;
  } finally {
    if (given === undefined) rmSync(directory, { recursive: true, force: true });
  }
});

async function makePackages(directory) {
  mkdirSync(directory, { recursive: true });
  const find = (pattern) => readdirSync(directory).find((name) => pattern.test(name));
  const ours = /^portwrap-spawner_.*\.deb$/;
  if (find(ours) === undefined)
    await step('Making the packages (npm run package)', (onLine) =>
      run(process.execPath, [join(root, 'scripts/package.mjs'), directory], { onLine }),
    );
  if (find(/\.rpm$/) === undefined)
    throw new Refusal('There is no RPM to test: remove the packages of an earlier run.');
  if (find(/_0\.0\.9_/) === undefined) makeOlderPackage(join(directory, find(ours)), '0.0.9');
  if (find(/^nodejs_/) === undefined || find(/^node-v/) === undefined) await makeNodePackages(directory);
}
