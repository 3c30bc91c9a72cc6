// A Python environment (venv) with one of the JupyterHubs of python/, with pinned versions and hashes, from PyPI.
// usage: node scripts/worlds/python-environment.mjs hub-6    prints the path of its python
// Made once, in a cache directory; users in sandboxes can read it. Not here: which versions (python/*.txt).
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { main, Refusal, say } from '../setup/say.mjs';

const lists = fileURLToPath(new URL('python/', import.meta.url));
const longest = '600'; // seconds, to wait for another one that makes it, and to make it

/** Under a lock: two at once would write the same files. The file `complete` is written last. */
const script = `
set -e
[ -e "$1/complete" ] && exit
rm -rf "$1"
"$2" -m venv "$1"
"$1/bin/pip" install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r "$3"
touch "$1/complete"
`;

/**
 * Resolves with the path of the environment's python. `name`: of a file of python/, such as "hub-6"; `base`: the Python
 * that it is made of. Rejects with a Refusal when it cannot be made, as without PyPI.
 */
export async function pythonEnvironment(name, { base = '/usr/bin/python3', cache = cacheDirectory() } = {}) {
  const list = join(lists, `${name}.txt`);
  if (!pythonEnvironments().includes(name))
    throw new Refusal(`There is no environment "${name}". There are: ${pythonEnvironments().join(', ')}.`);
  const run = promisify(execFile);
  const { stdout: version } = await run(base, ['-V']);
  const key = createHash('sha256').update(version).update(readFileSync(list)).digest('hex').slice(0, 12);
  const directory = join(cache, `${name}-${key}`);
  mkdirSync(cache, { recursive: true, mode: 0o755 });
  const make = ['sh', '-c', script, 'sh', directory, base, list];
  const locked = ['--wait', longest, `${directory}.lock`, 'timeout', longest, ...make];
  await run('flock', locked).catch(({ code, stderr, message }) => {
    const reason = code === 124 ? `not done after ${longest} s` : stderr || message;
    throw new Refusal(`The Python environment ${name} cannot be made from PyPI: ${reason}`);
  });
  return join(directory, 'bin/python3');
}

/** The names of all environments. */
export function pythonEnvironments() {
  const names = readdirSync(lists).filter((name) => name.endsWith('.txt'));
  return names.map((name) => name.slice(0, -'.txt'.length)).sort();
}

/** Not below /tmp or a home of root: sandboxes of other users do not see those. */
function cacheDirectory() {
  if (process.env.PORTWRAP_PYTHON_CACHE) return process.env.PORTWRAP_PYTHON_CACHE;
  return process.getuid() === 0
    ? '/var/cache/portwrap-python'
    : join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'portwrap-python');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main(async () => {
    say(await pythonEnvironment(process.argv[2] ?? ''));
    return 0;
  });
}
