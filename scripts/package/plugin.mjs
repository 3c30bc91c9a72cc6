// The hub's plugin as a wheel and a source distribution. Built from a copy, so that the checkout stays clean.
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, step } from '../setup/say.mjs';
import { sourceDate } from './source-date.mjs';
import { buildPython } from './tools.mjs';

/** Makes both in `directory`; returns their paths. Needs no network. */
export async function makePlugin(root, directory) {
  const python = buildPython();
  const copy = mkdtempSync(join(tmpdir(), 'portwrap-plugin-'));
  try {
    const isSource = (path) => !/__pycache__|\.egg-info|\.mypy_cache|\/build$|\/dist$/.test(path);
    cpSync(join(root, 'hub'), copy, { recursive: true, filter: isSource });
    const options = ['-m', 'build', '--no-isolation', '--sdist', '--wheel', '--outdir', directory, copy];
    const env = { SOURCE_DATE_EPOCH: String(sourceDate(root)) };
    // some 250 lines; if it fails, run() shows the last ones
    await step('Building the plugin (python -m build)', (onLine) => run(python, options, { onLine, env }), {
      isQuiet: true,
    });
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
  const made = (pattern) => {
    const name = readdirSync(directory).find((entry) => pattern.test(entry));
    return join(directory, name);
  };
  return {
    wheel: made(/^portwrap_spawner-.*\.whl$/),
    sdist: made(/^portwrap[_-]spawner-.*\.tar\.gz$/),
  };
}
