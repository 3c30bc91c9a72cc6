// A Debian package: the npm package with its dependencies below /usr/lib/portwrap-spawner, its commands, units, manual
// pages and completions where Debian looks for them, and the plugin for Debian's JupyterHub.
// Not here: the control file (control.mjs), the maintainer scripts (../../packaging/debian).
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run, step } from '../setup/say.mjs';
import { controlFile, debianArchitecture, debianChangelog } from './control.mjs';
import { sourceDate } from './source-date.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const sources = join(root, 'packaging', 'debian');
const home = 'usr/lib/portwrap-spawner';
const documents = 'usr/share/doc/portwrap-spawner';
const programs = { portwrap: 'portwrap', 'portwrap-proxy': 'proxy', 'portwrap-spawner': 'spawner' };
/** Of dependencies: what only their developers need. Directories only at the top of a package: yaml has code in doc/. */
const unneeded =
  /\.(?:map|d\.[cm]?ts|md|markdown|flow|tsbuildinfo|html|sh)$|\/\.[^/]+$|\/node_modules\/(?:@[^/]+\/)?[^@/][^/]*\/(?:tests?|__tests__|spec|examples?|docs?|bin|benchmarks?)$/;

/** Makes it in `directory`; returns its path. */
export async function makeDeb({ tarball, wheel, work, directory }) {
  const tree = join(work, 'deb');
  mkdirSync(join(tree, home), { recursive: true });
  execFileSync('tar', ['-xzf', tarball, '-C', join(tree, home), '--strip-components=1', '--no-same-owner']);
  await addDependencies(join(tree, home));
  const { version } = JSON.parse(readFileSync(join(tree, home, 'package.json'), 'utf8'));
  addPrograms(tree);
  addShared(tree, version);
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

async function addDependencies(program) {
  cpSync(join(root, 'package-lock.json'), join(program, 'package-lock.json'));
  await step('Installing the dependencies (npm ci --omit=dev)', (onLine) =>
    run('npm', ['ci', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', program], {
      onLine,
    }),
  );
  for (const name of ['package-lock.json', 'node_modules/.bin', 'node_modules/.package-lock.json']) {
    rmSync(join(program, name), { recursive: true, force: true });
  }
  prune(join(program, 'node_modules'));
  checkDependencies(program);
}

/** Each of them can still be imported. */
function checkDependencies(program) {
  const { dependencies } = JSON.parse(readFileSync(join(program, 'package.json'), 'utf8'));
  const code = Object.keys(dependencies)
    .map((name) => `await import(${JSON.stringify(name)});`)
    .join('\n');
  execFileSync(process.execPath, ['--input-type=module', '--eval', code], {
    cwd: program,
    stdio: ['ignore', 2, 2],
  });
}

/** Licences stay: they are named LICENSE, and where they are Markdown the copyright file names the package. */
function prune(directory) {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (unneeded.test(path) && !/licen[cs]e|notice/i.test(entry.name)) rmSync(path, { recursive: true });
    else if (entry.isDirectory()) prune(path);
  }
}

function addPrograms(tree) {
  mkdirSync(join(tree, 'usr/bin'), { recursive: true });
  for (const [name, folder] of Object.entries(programs)) {
    symlinkSync(`../lib/portwrap-spawner/dist/${folder}/main.js`, join(tree, 'usr/bin', name));
  }
}

/** Moves what Debian has elsewhere, and compresses what Debian compresses. */
function addShared(tree, version) {
  const program = (path) => join(tree, home, path);
  const move = (from, to) => {
    mkdirSync(dirname(join(tree, to)), { recursive: true });
    cpSync(program(from), join(tree, to), { recursive: true });
    rmSync(program(from), { recursive: true });
  };
  move('systemd/portwrap-tmpfiles.conf', 'usr/lib/tmpfiles.d/portwrap-spawner.conf');
  move('systemd', 'usr/lib/systemd/system');
  for (const name of ['bash-completion', 'fish', 'zsh']) move(`share/${name}`, `usr/share/${name}`);
  for (const name of Object.keys(programs)) {
    move(`docs/${name}.1`, `usr/share/man/man1/${name}.1`);
    compress(join(tree, `usr/share/man/man1/${name}.1`));
  }
  move('docs', `${documents}/docs`);
  move('monitoring', 'usr/share/portwrap-spawner/monitoring');
  // where the link of docs/configuration.md leads
  move('config/schema.json', `${documents}/config/schema.json`);
  move('hub-config.example.yaml', `${documents}/examples/config.yaml`);
  move('README.md', `${documents}/README.md`);
  move('CHANGELOG.md', `${documents}/CHANGELOG.md`);
  writeFileSync(join(tree, documents, 'changelog'), debianChangelog(version, sourceDate(root)));
  compress(join(tree, documents, 'changelog'));
  move('share/plugin', 'usr/share/portwrap-spawner');
  rmSync(program('share'), { recursive: true, force: true });
  rmSync(program('bench'), { recursive: true, force: true });
  rmSync(program('hub'), { recursive: true, force: true });
  const copyright = readFileSync(join(sources, 'copyright'), 'utf8');
  writeFileSync(join(tree, documents, 'copyright'), `${copyright}${licencesOf(program('node_modules'))}`);
  rmSync(program('LICENSE'), { force: true });
  for (const [name, to] of [
    ['sysusers.conf', 'usr/lib/sysusers.d/portwrap-spawner.conf'],
    ['lintian-overrides', 'usr/share/lintian/overrides/portwrap-spawner'],
  ]) {
    mkdirSync(dirname(join(tree, to)), { recursive: true });
    cpSync(join(sources, name), join(tree, to));
  }
  mkdirSync(join(tree, 'etc/portwrap-spawner'), { recursive: true });
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

function compress(path) {
  execFileSync('gzip', ['-9n', path]);
}

function sizeOf(path) {
  const entries = readdirSync(path, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

/** 0755 for directories and programs, 0644 for the rest, whatever the umask of the builder was. */
function setModes(tree) {
  chmodSync(tree, 0o755);
  for (const entry of readdirSync(tree, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) chmodSync(path, 0o755);
    else if (entry.isFile()) chmodSync(path, isProgram(path) ? 0o755 : 0o644);
  }
}

/** It begins with the name of its interpreter, or is compiled. */
function isProgram(path) {
  return path.includes('/dist/native/') || readFileSync(path).subarray(0, 2).toString() === '#!';
}
