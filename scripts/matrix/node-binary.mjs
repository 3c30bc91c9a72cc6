// A Node of a certain version, from the npm registry, in the cache directory.
// Not here: which versions (worlds.mjs).
import { chmodSync, existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cachePath, makeCache } from '../setup/cache.mjs';
import { Refusal, run, step } from '../setup/say.mjs';

/** Resolves with the path of the binary. Rejects with a Refusal if npm cannot install it. */
export async function ensureNode(version, cache = cachePath(process.env)) {
  makeCache(cache);
  const name = `node-linux-${process.arch}`;
  const place = join(cache, `node-${version}`);
  const binary = join(place, 'node_modules', name, 'bin', 'node');
  if (existsSync(binary)) return binary;
  const made = mkdtempSync(`${place}.`);
  try {
    chmodSync(made, 0o755);
    const options = ['--prefix', made, '--no-save', '--ignore-scripts', '--no-audit', '--no-fund'];
    await step(`Installing Node ${version} from the npm registry, once, in ${cache}`, (onLine) =>
      run('npm', ['install', ...options, `${name}@${version}`], { onLine }),
    );
    renameSync(made, place);
  } catch (error) {
    rmSync(made, { recursive: true, force: true });
    if (error instanceof Refusal) throw new Refusal(`Node ${version} cannot be had: ${error.message}`);
    throw error;
  }
  return binary;
}
