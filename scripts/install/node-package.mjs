// A Debian package "nodejs" with a Node of the npm registry and the npm of this machine: it stands in for NodeSource's,
// which docs/install.md names for Debian 12. Not here: getting Node (../matrix/node-binary.mjs).
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ensureNode } from '../matrix/node-binary.mjs';
import { findCommand } from '../setup/look.mjs';

const version = '22.23.3';

/** Makes it in `directory`; resolves with its path. */
export async function makeNodePackage(directory) {
  const binary = await ensureNode(version);
  const npm = process.env.npm_execpath ?? realpathSync(findCommand('npm') ?? '');
  const architecture = execFileSync('dpkg', ['--print-architecture'], { encoding: 'utf8' }).trim();
  const tree = mkdtempSync(join(directory, '.node-'));
  try {
    for (const path of ['DEBIAN', 'usr/bin', 'usr/lib/node_modules'])
      mkdirSync(join(tree, path), { recursive: true });
    cpSync(binary, join(tree, 'usr/bin/node'));
    cpSync(dirname(dirname(npm)), join(tree, 'usr/lib/node_modules/npm'), { recursive: true });
    for (const name of ['npm', 'npx'])
      symlinkSync(`../lib/node_modules/npm/bin/${name}-cli.js`, join(tree, 'usr/bin', name));
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
    return path;
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}
