// One version, one protocol and one oldest Python, are the same in every file that states them. Not here: the
// behaviour with a plugin of another protocol (test/browser/versions.test.ts).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'smol-toml';
import { expect, test } from 'vitest';
import { protocol } from '../../../spawner/http/protocol.ts';

const root = join(import.meta.dirname, '../../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const pyproject = parse(read('hub/pyproject.toml'));

/** The first group of a pattern that must be in the file. */
function found(path: string, pattern: RegExp): string | undefined {
  return pattern.exec(read(path))?.[1];
}

test('the npm package and the plugin have the same version', () => {
  const { version } = JSON.parse(read('package.json'));
  expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  expect(pyproject).toHaveProperty('project.version', version);
  expect(found('hub/portwrap_spawner/__init__.py', /^__version__ = "(.+)"$/m)).toBe(version);
});

test('the service, the plugin and the documentation name the same protocol', () => {
  expect(found('hub/portwrap_spawner/service/client.py', /^PROTOCOL = (\d+)$/m)).toBe(String(protocol));
  expect(found('docs/protocol.md', /This is protocol (\d+)\./)).toBe(String(protocol));
});

test('the oldest Python is the same for pip, ruff and mypy', () => {
  expect(pyproject).toHaveProperty('project.requires-python', '>=3.8');
  expect(pyproject).toHaveProperty('tool.mypy.python_version', '3.8');
  expect(parse(read('ruff.toml'))).toHaveProperty('target-version', 'py38');
});
