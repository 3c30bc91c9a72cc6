// The programs that packaging needs. Not here: the list of them (../setup/needs.mjs), installing them
// (../setup/packages.mjs).
import { execFileSync } from 'node:child_process';
import { buildNative, isNativeCurrent } from '../native.mjs';
import { findCommand } from '../setup/look.mjs';
import { needsToPackage } from '../setup/needs.mjs';
import { ensureSystemPackages } from '../setup/packages.mjs';
import { Refusal } from '../setup/say.mjs';

/** Installs what is missing. Rejects with a Refusal that names it where that cannot be done. */
export async function ensureTools() {
  const { commands, modules } = needsToPackage;
  await ensureSystemPackages({ commands, modules: findBuildPython() === undefined ? modules : {} });
}

/** The Python that can build a wheel without a network. Debian's, because the plugin is built the same everywhere. */
export function buildPython() {
  const found = findBuildPython();
  if (found !== undefined) return found;
  const names = Object.values(needsToPackage.modules);
  throw new Refusal(`Missing: ${names.join(', ')}. On Debian or Ubuntu: apt-get install ${names.join(' ')}`);
}

function findBuildPython() {
  const python = findCommand('python3');
  return ['/usr/bin/python3', python].find((path) => path !== undefined && canBuild(path));
}

/** Compiles the programs in C for machines with any C library. Throws a Refusal where a package would lack them. */
export function ensureNative(root) {
  const { message } = buildNative(root, { isStatic: true });
  if (!isNativeCurrent(root))
    throw new Refusal(
      `The package would lack programs. ${message}\nOn Debian or Ubuntu: apt-get install gcc libc6-dev`,
    );
}

function canBuild(python) {
  try {
    execFileSync(python, ['-c', 'import build, setuptools, wheel'], { stdio: 'ignore', cwd: '/' });
    return true;
  } catch {
    return false;
  }
}
