// The directory in which npm start keeps what it has downloaded. Sandboxed users read it, so as root it is not below
// /root. It may be deleted at any time.
// Not here: what is in it (python-environment.mjs).
import { mkdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { Refusal } from './say.mjs';

/** Its path: PORTWRAP_CACHE_DIR, or the usual place of this account. */
export function cachePath(env) {
  if (env.PORTWRAP_CACHE_DIR) return resolve(env.PORTWRAP_CACHE_DIR);
  if (process.getuid() === 0) return '/var/cache/portwrap-spawner';
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'portwrap-spawner');
}

/** Makes it. Throws a Refusal if others could change what is in it, or if users cannot read it. */
export function makeCache(path) {
  try {
    mkdirSync(path, { recursive: true, mode: 0o755 });
  } catch (error) {
    throw new Refusal(`The cache directory cannot be made: ${error.message}. ${another}`);
  }
  const { uid, mode } = statSync(path);
  if (uid !== process.getuid() || (mode & 0o022) !== 0) {
    throw new Refusal(`The cache directory ${path} can be changed by other users. ${another}`);
  }
  if (!isPassable(path)) {
    throw new Refusal(`Other users cannot reach the cache directory ${path}. ${another}`);
  }
}

const another = 'Choose another one with PORTWRAP_CACHE_DIR=DIRECTORY.';

/** As root, servers run as other users. Can they pass through this directory and all above it? */
export function isPassable(path) {
  if (process.getuid() !== 0) return true;
  const passable = (statSync(path).mode & 0o001) !== 0;
  return passable && (dirname(path) === path || isPassable(dirname(path)));
}
