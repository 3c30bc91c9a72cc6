// A Debian package: the tree of both packages, the plugin for Debian's JupyterHub, and what Debian's policy asks for.
// Not here: the tree (tree.mjs), the control file (control.mjs), the maintainer scripts (../../packaging/debian).
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run, step } from '../setup/say.mjs';
import { controlFile, debianArchitecture, debianChangelog } from './control.mjs';
import { sourceDate } from './source-date.mjs';
import { compress, copyTree, documents, home, setModes } from './tree.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const sources = join(root, 'packaging', 'debian');

/** Makes it in `directory`; returns its path. */
export async function makeDeb({ common, version, wheel, work, directory }) {
  const tree = join(work, 'deb');
  copyTree(common, tree);
  addDocuments(tree, version);
  addPlugin(tree, wheel);
  addControl(tree, version);
  setModes(tree);
  const path = join(directory, `portwrap-spawner_${version}_${debianArchitecture()}.deb`);
  await step('Making the Debian package (dpkg-deb)', (onLine) =>
    run('dpkg-deb', ['--root-owner-group', '-Zxz', '--build', tree, path], {
      onLine,
      env: { SOURCE_DATE_EPOCH: String(sourceDate(root)) },
    }),
  );
  return path;
}

function addDocuments(tree, version) {
  const program = (path) => join(tree, home, path);
  writeFileSync(join(tree, documents, 'changelog'), debianChangelog(version, sourceDate(root)));
  compress(join(tree, documents, 'changelog'));
  const copyright = readFileSync(join(sources, 'copyright'), 'utf8');
  writeFileSync(join(tree, documents, 'copyright'), `${copyright}${licencesOf(program('node_modules'))}`);
  rmSync(program('LICENSE'), { force: true });
  const overrides = join(tree, 'usr/share/lintian/overrides/portwrap-spawner');
  mkdirSync(dirname(overrides), { recursive: true });
  cpSync(join(sources, 'lintian-overrides'), overrides);
}

/** One paragraph for each dependency, as its package.json says. */
function licencesOf(modules) {
  const names = readdirSync(modules).flatMap((name) =>
    name.startsWith('@') ? readdirSync(join(modules, name)).map((inner) => `${name}/${inner}`) : [name],
  );
  return names
    .sort()
    .map((name) => {
      const { license = 'see its directory', author } = JSON.parse(
        readFileSync(join(modules, name, 'package.json'), 'utf8'),
      );
      const who = typeof author === 'string' ? author : (author?.name ?? `the authors of ${name}`);
      return `\nFiles: usr/lib/portwrap-spawner/node_modules/${name}/*\nCopyright: ${who.replace(/\s+/g, ' ')}\nLicense: ${license}\n`;
    })
    .join('');
}

/** For Debian's JupyterHub, whose Python refuses pip (PEP 668). */
function addPlugin(tree, wheel) {
  const target = join(tree, 'usr/lib/python3/dist-packages');
  mkdirSync(target, { recursive: true });
  execFileSync('python3', ['-m', 'zipfile', '-e', wheel, target]);
  const [information] = readdirSync(target).filter((name) => name.endsWith('.dist-info'));
  // RECORD and the installer are those of pip; dpkg knows the files itself
  rmSync(join(target, information, 'RECORD'));
  writeFileSync(join(target, information, 'INSTALLER'), 'dpkg\n');
}

function addControl(tree, version) {
  const control = join(tree, 'DEBIAN');
  mkdirSync(control);
  const kilobytes = Math.ceil(sizeOf(tree) / 1024);
  writeFileSync(join(control, 'control'), controlFile(version, kilobytes));
  for (const name of ['postinst', 'prerm', 'postrm']) cpSync(join(sources, name), join(control, name));
  const files = execFileSync(
    'sh',
    ['-c', 'find . -type f ! -path "./DEBIAN/*" -printf "%P\\0" | sort -z | xargs -0 md5sum'],
    {
      cwd: tree,
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    },
  );
  writeFileSync(join(control, 'md5sums'), files);
}

function sizeOf(path) {
  const entries = readdirSync(path, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}
