// What a service loads at its start: only what every configuration needs. Not here: what the rest costs
// (docs/architecture.md).
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');

test('a service loads neither Slurm commands, the admin page nor a client of Jupyter before it needs them', () => {
  const loaded = [...loadedBy('spawner/commands/serve.ts')];
  expect(loaded).toEqual(expect.arrayContaining(['express', 'spawner/launchers/slurm/open.ts', 'zod']));
  expect(loaded.filter((name) => name.startsWith('spawner/page/'))).toEqual([]);
  for (const name of ['execa', 'helmet', 'oauth4webapi', '@jupyterlab/services']) {
    expect(loaded).not.toContain(name);
  }
});

test('the admin page, which it loads where it is configured, is found by this look at imports', () => {
  const loaded = loadedBy('spawner/page/open.ts');
  expect([...loaded]).toEqual(expect.arrayContaining(['helmet', 'oauth4webapi', 'spawner/page/app.ts']));
});

/** Our files and packages that are imported by that file and what it imports, types and import() aside. */
function loadedBy(path: string, found = new Set<string>()): Set<string> {
  if (found.has(path)) return found;
  found.add(path);
  const source = ts.createSourceFile(path, readFileSync(join(root, path), 'utf8'), ts.ScriptTarget.Latest);
  for (const statement of source.statements) {
    if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement)) continue;
    const { moduleSpecifier: from } = statement;
    const isType = ts.isImportDeclaration(statement)
      ? statement.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
      : statement.isTypeOnly;
    if (isType || from === undefined || !ts.isStringLiteral(from)) continue;
    if (from.text.startsWith('.')) loadedBy(relative(root, join(root, dirname(path), from.text)), found);
    else found.add(from.text);
  }
  return found;
}
