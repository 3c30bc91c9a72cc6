// The Debian package with another version of itself and of the plugin: what an upgrade begins with.
// Not here: making the package (../package/deb.mjs).
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Makes it beside `deb`; returns its path. */
export function makeOlderPackage(deb, version) {
  const directory = join(deb, '..');
  const tree = mkdtempSync(join(directory, '.older-'));
  const current = execFileSync('dpkg-deb', ['--field', deb, 'Version'], { encoding: 'utf8' }).trim();
  const edit = (path, change) => writeFileSync(path, change(readFileSync(path, 'utf8')));
  const older = (text) => text.replaceAll(current, version);
  const rename = (folder) => {
    for (const name of readdirSync(folder).filter((entry) => entry.includes(`-${current}`)))
      renameSync(join(folder, name), join(folder, older(name)));
  };
  try {
    execFileSync('dpkg-deb', ['--raw-extract', deb, tree]);
    const packages = join(tree, 'usr/lib/python3/dist-packages');
    const information = `portwrap_spawner-${version}.dist-info`;
    rename(packages);
    edit(join(packages, information, 'METADATA'), older);
    edit(join(tree, 'DEBIAN/control'), (text) => text.replace(/^Version: .*$/m, `Version: ${version}`));
    edit(join(tree, 'usr/lib/portwrap-spawner/package.json'), (text) =>
      text.replace(`"version": "${current}"`, `"version": "${version}"`),
    );
    const shared = join(tree, 'usr/share/portwrap-spawner');
    makeOlderWheel(shared, join(tree, 'wheel'), { rename, edit, older, information });
    const path = deb.replace(`_${current}_`, `_${version}_`);
    execFileSync('dpkg-deb', ['--root-owner-group', '-Zgzip', '-z1', '--build', tree, path]);
    return path;
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}

function makeOlderWheel(shared, unpacked, { rename, edit, older, information }) {
  const wheel = readdirSync(shared).find((name) => name.endsWith('.whl'));
  execFileSync('python3', ['-m', 'zipfile', '-e', join(shared, wheel), unpacked]);
  rename(unpacked);
  // the digests of both are those of the newer one, which pip does not verify
  for (const name of ['METADATA', 'RECORD']) edit(join(unpacked, information, name), older);
  rmSync(join(shared, wheel));
  const content = readdirSync(unpacked).map((name) => join(unpacked, name));
  execFileSync('python3', ['-m', 'zipfile', '-c', join(shared, older(wheel)), ...content]);
  rmSync(unpacked, { recursive: true });
}
