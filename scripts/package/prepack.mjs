// npm's prepack script: builds dist/ from nothing, and share/ with what belongs to an installation besides the programs:
// the completions of the shells, the plugin's wheel, the requirements of a new hub.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureBuild } from '../setup/build.mjs';
import { ensureNpmPackages } from '../setup/npm-packages.mjs';
import { main } from '../setup/say.mjs';
import { makePlugin } from './plugin.mjs';
import { ensureNative, ensureTools } from './tools.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const programs = { portwrap: 'portwrap', 'portwrap-proxy': 'proxy', 'portwrap-spawner': 'spawner' };

/** Where each shell looks for the completions of `name`, below share/. */
const completionPaths = {
  bash: (name) => `bash-completion/completions/${name}`,
  fish: (name) => `fish/vendor_completions.d/${name}.fish`,
  zsh: (name) => `zsh/vendor-completions/_${name}`,
};

// npm reads the standard output of `npm pack --json`
process.stdout.write = process.stderr.write.bind(process.stderr);

await main(async () => {
  for (const name of ['dist', 'share']) rmSync(join(root, name), { recursive: true, force: true });
  // npm pack may be the first that is done in a clone
  await ensureTools();
  await ensureNpmPackages(root);
  await ensureBuild(root);
  ensureNative(root);
  for (const [name, folder] of Object.entries(programs)) {
    for (const [shell, path] of Object.entries(completionPaths)) {
      const target = join(root, 'share', path(name));
      mkdirSync(dirname(target), { recursive: true });
      const script = join(root, 'dist', folder, 'main.js');
      writeFileSync(target, execFileSync(process.execPath, [script, '--completion', shell]));
    }
  }
  const plugin = join(root, 'share', 'plugin');
  mkdirSync(plugin, { recursive: true });
  const { sdist } = await makePlugin(root, plugin);
  rmSync(sdist);
  // what setup --with-jupyterhub installs: the versions that the demo is tried with
  const requirements = join(root, 'scripts', 'demo', 'python', 'requirements.txt');
  if (existsSync(requirements)) cpSync(requirements, join(plugin, 'requirements.txt'));
});
