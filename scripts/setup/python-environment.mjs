// A virtual environment of the system's python3 with the packages of a requirements file from PyPI, or from the mirror
// that pip is configured for. It is made once, in the cache directory, and found there by the next start.
// Not here: the requirements (demo/python/), what is used instead of it (hub.mjs).
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { isAtLeast } from './node-version.mjs';
import { Refusal, run, step } from './say.mjs';

const systemPython = '/usr/bin/python3';
const oldestPython = '3.11';
/** Another start may be making one; what is older has been interrupted. */
const mayTakeToMake = 3_600_000;

/** Returns {python}, or {why} if there is none, in half a sentence. */
export async function ensurePythonEnvironment({ title, requirements, cache }) {
  const version = versionOfPython();
  if (version === null) return { why: `${systemPython} cannot be run` };
  if (!isAtLeast(version, oldestPython))
    return { why: `${title} need Python ${oldestPython}, and this is ${version}` };
  const name = `python-${version}-${hashOf(readFileSync(requirements), process.arch)}`;
  const link = join(cache, name);
  if (!isWhole(link)) {
    removeInterrupted(cache);
    try {
      await step(`Installing ${title} from PyPI, once, in ${cache}`, (onLine) =>
        make({ cache, name, requirements, onLine }),
      );
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return { why: error.message };
    }
  }
  return { python: join(cache, readlinkSync(link), 'bin', 'python') };
}

/** The environment gets its name, a symbolic link, when all of it is there: an incomplete one is never used. */
async function make({ cache, name, requirements, onLine }) {
  const oldMask = process.umask(0o022); // users read it
  const place = mkdtempSync(join(cache, `${name}.`));
  try {
    chmodSync(place, 0o755);
    await attempt(`${systemPython} makes no virtual environment`, () =>
      run(systemPython, ['-m', 'venv', place], { onLine }),
    );
    const python = join(place, 'bin', 'python');
    const pip = (...args) => run(python, ['-I', '-m', 'pip', ...quietly, 'install', ...args], { onLine });
    // nobody wants to wait as long as pip does
    await attempt('PyPI cannot be reached', () => pip(...probe, firstOf(requirements)));
    await attempt('pip failed', () => pip(...locked, '--requirement', requirements));
    // users cannot write bytecode there; of what is never imported none is made
    const compile = ['-I', '-m', 'compileall', '-q', '-j', '0', '-x', '/(tests|graph_objs|pip)/'];
    await run(python, [...compile, join(place, 'lib')], { onLine });
    symlinkSync(basename(place), `${place}.link`);
    renameSync(`${place}.link`, join(cache, name));
  } catch (error) {
    rmSync(place, { recursive: true, force: true });
    throw error;
  } finally {
    process.umask(oldMask);
  }
}

const quietly = ['--disable-pip-version-check', '--no-input', '--quiet'];
const probe = ['--dry-run', '--no-deps', '--no-user', '--ignore-installed', '--timeout=5', '--retries=0'];
const locked = ['--no-deps', '--no-user', '--require-hashes', '--only-binary=:all:', '--no-compile'];

async function attempt(what, work) {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const [last = ''] = error.message.split('\n').slice(-1);
    throw new Refusal(`${what} (${last.replace(/^[ |]*(?:ERROR: )?/, '')})`);
  }
}

const firstOf = (requirements) => /^[\w.-]+==\S+/m.exec(readFileSync(requirements, 'utf8'))[0];

function versionOfPython() {
  const code = 'import platform; print(platform.python_version(), end="")';
  try {
    return execFileSync(systemPython, ['-I', '-c', code], { encoding: 'utf8' });
  } catch {
    return null;
  }
}

function hashOf(...parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex').slice(0, 12);
}

/** Its Python may have gone with the system's. */
const isWhole = (link) => existsSync(join(link, 'bin', 'python'));

function removeInterrupted(cache) {
  const names = readdirSync(cache).filter((name) => name.startsWith('python-'));
  const linked = names.flatMap((name) => readLink(join(cache, name)));
  for (const name of names) {
    const path = join(cache, name);
    const old = Date.now() - (lstatSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) > mayTakeToMake;
    if (readLink(path).length === 0 && !linked.includes(name) && old)
      rmSync(path, { recursive: true, force: true });
  }
}

function readLink(path) {
  try {
    return [readlinkSync(path)];
  } catch {
    return []; // a directory
  }
}
