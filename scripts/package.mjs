// npm run package [-- DIRECTORY]: what people install, made from this checkout into packages/ or DIRECTORY: the npm
// tarball, the plugin's wheel and source distribution, and for this architecture a Debian package and, where rpmbuild is, an RPM. Installs
// with apt-get what it needs.
// Not here: the steps (package/).
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeDeb } from './package/deb.mjs';
import { makePlugin } from './package/plugin.mjs';
import { makeRpm } from './package/rpm.mjs';
import { makeTarball } from './package/tarball.mjs';
import { ensureTools } from './package/tools.mjs';
import { makeTree } from './package/tree.mjs';
import { checkNodeVersion } from './setup/node-version.mjs';
import { ensureNpmPackages } from './setup/npm-packages.mjs';
import { main, say } from './setup/say.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

await main(async () => {
  checkNodeVersion();
  const directory = resolve(process.argv[2] ?? join(root, 'packages'));
  await ensureTools();
  await ensureNpmPackages(root);
  mkdirSync(directory, { recursive: true });
  const work = mkdtempSync(join(directory, '.work-'));
  try {
    const tarball = await makeTarball(root, directory);
    const { wheel, sdist } = await makePlugin(root, directory);
    const common = join(work, 'common');
    const version = await makeTree({ tarball, tree: common });
    const deb = await makeDeb({ common, version, wheel, work, directory });
    const rpm = await makeRpm({ common, version, work, directory });
    say();
    for (const path of [tarball, wheel, sdist, deb, rpm].filter((one) => one !== undefined)) say(path);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
});
