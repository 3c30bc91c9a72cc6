// The files that the Debian package and the RPM install, at their places: the npm package with its dependencies below
// /usr/lib/portwrap-spawner, its commands, units, manual pages, completions and documents.
// Not here: what only one of them has (deb.mjs, rpm.mjs).
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run, step } from '../setup/say.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
export const home = 'usr/lib/portwrap-spawner';
export const documents = 'usr/share/doc/portwrap-spawner';
const programs = { portwrap: 'portwrap', 'portwrap-proxy': 'proxy', 'portwrap-spawner': 'spawner' };
/** Of dependencies: what only their developers need. Directories only at the top of a package: yaml has code in doc/. */
const unneeded =
  /\.(?:map|d\.[cm]?ts|md|markdown|flow|tsbuildinfo|html|sh)$|\/\.[^/]+$|\/node_modules\/(?:@[^/]+\/)?[^@/][^/]*\/(?:tests?|__tests__|spec|examples?|docs?|bin|benchmarks?)$/;

/** Makes them below `tree`; resolves with the version. */
export async function makeTree({ tarball, tree }) {
  mkdirSync(join(tree, home), { recursive: true });
  execFileSync('tar', ['-xzf', tarball, '-C', join(tree, home), '--strip-components=1', '--no-same-owner']);
  await addDependencies(join(tree, home));
  addPrograms(tree);
  addShared(tree);
  return JSON.parse(readFileSync(join(tree, home, 'package.json'), 'utf8')).version;
}

/** Symbolic links stay as they are. */
export function copyTree(from, to) {
  cpSync(from, to, { recursive: true, verbatimSymlinks: true });
}

/** 0755 for directories and programs, 0644 for the rest, whatever the umask of the builder was. */
export function setModes(tree) {
  chmodSync(tree, 0o755);
  for (const entry of readdirSync(tree, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) chmodSync(path, 0o755);
    else if (entry.isFile()) chmodSync(path, isProgram(path) ? 0o755 : 0o644);
  }
}

export function compress(path) {
  execFileSync('gzip', ['-9n', path]);
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

/** Moves what has its own place in a system, and compresses manual pages. */
function addShared(tree) {
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
  move('share/plugin', 'usr/share/portwrap-spawner');
  rmSync(program('share'), { recursive: true, force: true });
  rmSync(program('bench'), { recursive: true, force: true });
  rmSync(program('hub'), { recursive: true, force: true });
  const accounts = join(tree, 'usr/lib/sysusers.d');
  mkdirSync(accounts, { recursive: true });
  cpSync(join(root, 'packaging/sysusers.conf'), join(accounts, 'portwrap-spawner.conf'));
  mkdirSync(join(tree, 'etc/portwrap-spawner'), { recursive: true });
}

/** It begins with the name of its interpreter, or is compiled. */
function isProgram(path) {
  return path.includes('/dist/native/') || readFileSync(path).subarray(0, 2).toString() === '#!';
}
