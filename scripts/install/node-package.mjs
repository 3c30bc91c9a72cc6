// A Node of the npm registry and the npm of this machine, as people get them on Debian 12: a package "nodejs" in the place
// of NodeSource's, and an archive in the place of that of nodejs.org. Not here: getting Node (../matrix/node-binary.mjs).
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ensureNode } from '../matrix/node-binary.mjs';
import { findCommand } from '../setup/look.mjs';

const version = '22.23.3';

/** Makes both in `directory`. */
export async function makeNodePackages(directory) {
  const binary = await ensureNode(version);
  const npm = process.env.npm_execpath ?? realpathSync(findCommand('npm') ?? '');
  const tree = mkdtempSync(join(directory, '.node-'));
  try {
    const usr = join(tree, 'usr');
    for (const path of ['bin', 'lib/node_modules']) mkdirSync(join(usr, path), { recursive: true });
    cpSync(binary, join(usr, 'bin/node'));
    cpSync(dirname(dirname(npm)), join(usr, 'lib/node_modules/npm'), { recursive: true });
    for (const name of ['npm', 'npx'])
      symlinkSync(`../lib/node_modules/npm/bin/${name}-cli.js`, join(usr, 'bin', name));
    // not compressed, whatever its name says: tar looks at the file itself
    const archive = join(directory, `node-v${version}-linux-${process.arch}.tar.xz`);
    execFileSync('tar', ['-cf', archive, '--transform=s,^usr,node,', '--owner=0', '--group=0', 'usr'], {
      cwd: tree,
    });
    makeDeb(tree, directory);
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}

/** Without "Multi-Arch: allowed", as NodeSource's (github.com/nodesource/distributions/issues/1346). */
function makeDeb(tree, directory) {
  const architecture = execFileSync('dpkg', ['--print-architecture'], { encoding: 'utf8' }).trim();
  mkdirSync(join(tree, 'DEBIAN'));
  const control = {
    Package: 'nodejs',
    Version: `${version}-1nodesource1`,
    Architecture: architecture,
    Maintainer: 'test <test@example.org>',
    Description: 'stands in for the package of NodeSource in tests',
  };
  const lines = Object.entries(control).map(([key, value]) => `${key}: ${value}\n`);
  writeFileSync(join(tree, 'DEBIAN/control'), lines.join(''));
  const path = join(directory, `nodejs_${version}_${architecture}.deb`);
  execFileSync('dpkg-deb', ['--root-owner-group', '-Zgzip', '-z1', '--build', tree, path]);
}
