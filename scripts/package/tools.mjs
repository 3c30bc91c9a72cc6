// The programs that packaging needs beyond those of the build. Not here: installing them (../setup/packages.mjs).
import { execFileSync } from 'node:child_process';
import { buildNative, isNativeCurrent } from '../native.mjs';
import { findCommand } from '../setup/look.mjs';
import { Refusal } from '../setup/say.mjs';

const packages = { 'dpkg-deb': 'dpkg', gzip: 'gzip', npm: 'npm', tar: 'tar' };

/** Throws a Refusal that names what is missing. */
export function ensureTools(commands) {
  const missing = commands.filter((name) => findCommand(name) === undefined);
  if (missing.length > 0) throw missingTools(missing.map((name) => packages[name] ?? name));
}

/** The Python that can build a wheel without a network. Debian's, because the plugin is built the same everywhere. */
export function buildPython() {
  const python = findCommand('python3');
  const candidates = ['/usr/bin/python3', python].filter((path) => path !== undefined);
  const found = candidates.find((path) => canBuild(path));
  if (found === undefined) throw missingTools(['python3-build', 'python3-setuptools', 'python3-wheel']);
  return found;
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

function missingTools(names) {
  return new Refusal(`Missing: ${names.join(', ')}. On Debian or Ubuntu: apt-get install ${names.join(' ')}`);
}
