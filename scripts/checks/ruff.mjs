// Lint and format of all Python with ruff: node scripts/checks/ruff.mjs [--write]; --write formats the files.
// ruff runs as WebAssembly, from a pinned npm package: Debian 12 has no ruff, and PyPI may be out of reach.
// Not here: the rules (ruff.toml), types (mypy, in hub/pyproject.toml).
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PositionEncoding, Workspace } from '@astral-sh/ruff-wasm-nodejs';
import { parse } from 'smol-toml';
import { main, say } from '../setup/say.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folders = ['bench', 'docs', 'hub', 'scripts', 'test'];

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main(() => {
    const ruff = openRuff(readFileSync(join(root, 'ruff.toml'), 'utf8'));
    const files = pythonFiles();
    if (process.argv.includes('--write')) for (const path of files) format(ruff, path);
    const problems = files.flatMap((path) => problemsIn(ruff, path, readFileSync(join(root, path), 'utf8')));
    for (const problem of problems) say(problem);
    say(`ruff ${Workspace.version()}: ${files.length} files, ${problems.length} problems`);
    return problems.length === 0 ? 0 : 1;
  });
}

/** Throws when a setting or a rule does not exist. */
export function openRuff(settings) {
  return new Workspace(parse(settings), PositionEncoding.Utf32);
}

/** One line per problem, in the format that editors parse. */
export function problemsIn(ruff, path, text) {
  const found = ruff.check(text);
  const problems = found.map(
    ({ code, message, start_location: { row, column } }) => `${path}:${row}:${column}: ${code} ${message}`,
  );
  const canBeRead = found.every(({ code }) => code !== 'invalid-syntax');
  const isFormatted = !canBeRead || ruff.format(text) === text;
  return isFormatted ? problems : [...problems, `${path}: not formatted: npm run format`];
}

function format(ruff, path) {
  const text = readFileSync(join(root, path), 'utf8');
  const formatted = ruff.format(text);
  if (formatted !== text) writeFileSync(join(root, path), formatted);
}

function pythonFiles() {
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.py'))
      .map((name) => join(folder, name))
      .sort(),
  );
}
