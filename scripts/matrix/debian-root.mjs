// A directory with a minimal Debian and Node, made by debootstrap once, in the cache directory. It stays as it is:
// npm-test-in.mjs works on copies.
// Not here: what is done in it (make-root.sh).
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cachePath, makeCache } from '../setup/cache.mjs';
import { ensureSystemPackages } from '../setup/packages.mjs';
import { Refusal, run, step } from '../setup/say.mjs';

const script = fileURLToPath(new URL('make-root.sh', import.meta.url));

/** `suite`: such as trixie. Resolves with its path. Rejects with a Refusal where it cannot be made. */
export async function debianRoot({ name, suite }, cache = cachePath(process.env)) {
  if (process.getuid() !== 0) throw new Refusal('only root can make a Debian: run this as root');
  makeCache(cache);
  removeInterrupted(cache, name);
  const place = join(cache, name);
  if (existsSync(place)) return place;
  await ensureSystemPackages({ commands: { debootstrap: 'debootstrap' }, modules: {} });
  const made = mkdtempSync(`${place}.`);
  try {
    await step(`Making a Debian ${suite}, once, in ${cache}`, (onLine) =>
      run('sh', [script, suite, made], { onLine }),
    );
    renameSync(made, place);
  } catch (error) {
    rmSync(made, { recursive: true, force: true });
    throw error;
  }
  return place;
}

/** What was begun a day ago and never ended: roots that were being made, and copies. */
function removeInterrupted(cache, name) {
  for (const one of readdirSync(cache).filter((entry) => entry.startsWith(`${name}.`))) {
    const path = join(cache, one);
    if (Date.now() - statSync(path).mtimeMs > 86_400_000) rmSync(path, { recursive: true });
  }
}
