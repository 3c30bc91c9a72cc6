// A Python environment with one of the JupyterHubs of python/, with pinned versions and hashes, from PyPI.
// usage: node scripts/worlds/python-environment.mjs hub-6    prints the path of its python
// Not here: making it (setup/python-environment.mjs), which versions (python/*.txt).
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cachePath, makeCache } from '../setup/cache.mjs';
import { ensurePythonEnvironment } from '../setup/python-environment.mjs';
import { main, Refusal } from '../setup/say.mjs';

const lists = fileURLToPath(new URL('python/', import.meta.url));

/**
 * Resolves with the path of the environment's python. `name`: of a file of python/, such as "hub-6". Rejects with a
 * Refusal when it cannot be made, as without PyPI.
 */
export async function pythonEnvironment(name, cache = cachePath(process.env)) {
  if (!pythonEnvironments().includes(name))
    throw new Refusal(`There is no environment "${name}". There are: ${pythonEnvironments().join(', ')}.`);
  makeCache(cache);
  const requirements = join(lists, `${name}.txt`);
  const { python, why } = await ensurePythonEnvironment({ title: name, requirements, cache });
  if (python === undefined) throw new Refusal(`The Python environment ${name} cannot be made: ${why}`);
  return python;
}

/** The names of all environments. */
export function pythonEnvironments() {
  const names = readdirSync(lists).filter((name) => name.endsWith('.txt'));
  return names.map((name) => name.slice(0, -'.txt'.length)).sort();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  // the only line of the standard output is the path
  const print = process.stdout.write.bind(process.stdout);
  process.stdout.write = process.stderr.write.bind(process.stderr);
  await main(async () => {
    print(`${await pythonEnvironment(process.argv[2] ?? '')}\n`);
    return 0;
  });
}
