// The codes of the catalogue against the product and its documents: none is promised that nothing throws, and none is
// named that does not exist.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { errorCatalogue } from '../../../config/errors.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const codes = Object.keys(errorCatalogue);
const constant = /\b[A-Z][A-Z\d]*(?:_[A-Z\d]+)+\b/g;

const product = filesIn(['config', 'portwrap', 'spawner', 'proxy'], '.ts');
const plugin = filesIn(['hub/portwrap_spawner'], '.py');
const documents = filesIn(['docs'], '.md').concat(textOf('README.md'), textOf('CHANGELOG.md'));

test('every code is thrown somewhere in the product', () => {
  // without the catalogue itself, where each of them stands
  const uses = product.map((text) => text.replace(/export const errorCatalogue = \{.*?^\} as const/ms, ''));
  const unused = codes.filter((code) => !uses.some((text) => text.includes(`'${code}'`)));
  expect(unused).toEqual([]);
});

test('every code of which a comment of the product says that it is thrown exists', () => {
  const comments = product.flatMap((text) => text.match(/\/\*\*.*?\*\/|\/\/[^\n]*/gs) ?? []);
  const failing = comments.flatMap(
    (text) => text.match(/\b(?:[Tt]hrow|[Rr]eject|[Rr]efuse)\w*\b[^.]*/g) ?? [],
  );
  const named = failing.flatMap((text) => text.match(constant) ?? []);
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((code) => !codes.includes(code))).toEqual([]);
});

/** What else the plugin names in this way. */
const variables = /^(?:CONFIGPROXY|JUPYTERHUB|PORTWRAP)_/;

test("every code that the hub's plugin treats in a way of its own exists", () => {
  const quoted = plugin.flatMap((text) => text.match(/"[A-Z]+(?:_[A-Z]+)+"/g) ?? []);
  const named = quoted.map((text) => text.slice(1, -1)).filter((name) => !variables.test(name));
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((code) => !codes.includes(code))).toEqual([]);
});

/** Names of others, which are no codes of ours and stand in no code of ours. */
const ofOthers = [
  'CPU_LIMIT',
  'MEM_LIMIT',
  'DATA_SET',
  'DATA_SIZE',
  'NODE_EXTRA_CA_CERTS',
  'OMP_NUM_THREADS',
];

test('every name in the documents that looks like a code is one, or a name that the code knows', () => {
  const known = [...product, ...plugin, ...filesIn(['bench', 'scripts', 'test'], '')].join('\n');
  const prose = documents.join('\n').replace(/^```.*?^```/gms, '');
  const named = [...new Set(prose.match(constant))];
  const unknown = named.filter(
    (name) => !(codes.includes(name) || ofOthers.includes(name) || known.includes(name)),
  );
  expect(unknown).toEqual([]);
});

function filesIn(directories: readonly string[], ending: string): string[] {
  return directories.flatMap((directory) =>
    readdirSync(join(root, directory), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
      // this file names what it looks for
      .filter(({ name }) => name !== 'error-codes.test.ts')
      .map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'utf8')),
  );
}

function textOf(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}
