// An RPM of the tree that the Debian package has, too, where there is rpmbuild (Debian's package rpm).
// Not here: the tree (tree.mjs), the spec file (spec.mjs).
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findCommand } from '../setup/look.mjs';
import { run, say, step } from '../setup/say.mjs';
import { sourceDate } from './source-date.mjs';
import { specFile } from './spec.mjs';
import { copyTree, home, setModes } from './tree.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const sources = join(root, 'packaging', 'rpm');

/** Makes it in `directory`; resolves with its path, or undefined where rpmbuild is missing. */
export async function makeRpm({ common, version, work, directory }) {
  if (findCommand('rpmbuild') === undefined) {
    say('> No RPM: rpmbuild is missing (on Debian or Ubuntu: apt-get install rpm)');
    return undefined;
  }
  const top = join(work, 'rpm');
  const tree = join(top, 'tree');
  copyTree(common, tree);
  const move = (from, to) => {
    mkdirSync(dirname(join(tree, to)), { recursive: true });
    renameSync(join(tree, from), join(tree, to));
  };
  move('usr/share/zsh/vendor-completions', 'usr/share/zsh/site-functions');
  move(`${home}/LICENSE`, 'usr/share/licenses/portwrap-spawner/LICENSE');
  setModes(tree);
  const scripts = Object.fromEntries(
    readdirSync(sources).map((name) => [name, readFileSync(join(sources, name), 'utf8')]),
  );
  const spec = join(top, 'portwrap-spawner.spec');
  writeFileSync(spec, specFile({ version, tree, scripts }));
  const settings = [`_topdir ${top}`, `_rpmdir ${top}`, '_rpmfilename portwrap-spawner.rpm'];
  await step('Making the RPM (rpmbuild)', (onLine) =>
    run('rpmbuild', ['-bb', '--quiet', ...settings.flatMap((one) => ['--define', one]), spec], {
      onLine,
      env: { SOURCE_DATE_EPOCH: String(sourceDate(root)) },
    }),
  );
  const path = join(
    directory,
    `portwrap-spawner-${version}-1.${architectures[process.arch] ?? process.arch}.rpm`,
  );
  renameSync(join(top, 'portwrap-spawner.rpm'), path);
  return path;
}

/** Of Node, as rpm calls them. */
const architectures = { x64: 'x86_64', arm64: 'aarch64' };
