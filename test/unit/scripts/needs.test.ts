// The list of system packages: whatever the product, the scripts and the tests call by a name that stands in their
// source is in it. Not here: commands inside of shell scripts, and names that are put together while running.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const { needsToPackage, needsToStart, needsToTest, needsToTestInstall } = await import(
  join(root, 'scripts/setup/needs.mjs')
);

/** They are there before npm test begins, or apt-get is not there either. */
const without = new Set(['npm', 'npx', 'apt-cache']);

test('names every command that the scripts and the tests start by name', () => {
  const called = ['scripts', 'test', 'portwrap', 'spawner', 'proxy', 'config']
    .flatMap(sourcesBelow)
    .flatMap(commandsOf);
  expect(called.length).toBeGreaterThan(25);
  const unknown = called.filter(({ name }) => !without.has(name) && !(name in needsToTest.commands));
  expect(unknown).toEqual([]);
});

test.each([
  ['npm run package', 'scripts/package', needsToPackage.commands],
  ['npm run test:install', 'scripts/install', { ...needsToPackage.commands, ...needsToTestInstall.commands }],
  ['npm run test:install', 'test/install', needsToTestInstall.commands],
])('names every command that %s starts by name (%s)', (_, directory, commands) => {
  const called = sourcesIn(directory).flatMap(commandsOf);
  expect(called.length).toBeGreaterThan(1);
  const optional = ['rpmbuild'];
  const unknown = called.filter(
    ({ name }) => !without.has(name) && !optional.includes(name) && !(name in commands),
  );
  expect(unknown).toEqual([]);
});

test('names every program that portwrap looks for, those of few configurations for tests alone, but for those of systemd', () => {
  const source = read('portwrap/system/tools.ts');
  const [packages] = find(source, ts.isVariableDeclaration).filter(
    ({ name }) => name.getText() === 'packages',
  );
  if (packages === undefined) throw new Error('portwrap/system/tools.ts has no list "packages"');
  const tools = find(packages, ts.isPropertyAssignment).map(({ name }) => name.getText().replaceAll("'", ''));
  expect(tools).toContain('bwrap');
  // asked for only where systemd is, which then has brought them
  const ofSystemd = ['systemctl', 'systemd-run'];
  const needed = tools.filter((name) => !ofSystemd.includes(name));
  expect(needed.length).toBe(tools.length - ofSystemd.length);
  expect(Object.keys(needsToTest.commands)).toEqual(expect.arrayContaining(needed));
  expect(needed.filter((name) => !(name in needsToStart.commands))).toEqual([
    'mkfs.ext4',
    'mkhomedir_helper',
    'pasta',
    'useradd',
  ]);
});

/** Without npm run test:vm, test:install and npm run package, which ask for their own. */
function sourcesBelow(directory: string): string[] {
  return sourcesIn(directory).filter(
    (path) => !/^(?:(?:scripts|test)\/(?:vm|install)|scripts\/package)\//.test(path),
  );
}

function sourcesIn(directory: string): string[] {
  return readdirSync(join(root, directory), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(?:ts|mjs)$/.test(name))
    .map((name) => join(directory, name));
}

function read(path: string): ts.SourceFile {
  return ts.createSourceFile(path, readFileSync(join(root, path), 'utf8'), ts.ScriptTarget.Latest, true);
}

/** The first argument of each call of node:child_process, execa and say.mjs's run, where it is a name without a directory. */
function commandsOf(path: string): { path: string; name: string }[] {
  const source = read(path);
  const starters = new Set(find(source, ts.isImportDeclaration).flatMap(startersOf));
  return find(source, ts.isCallExpression)
    .filter(({ expression }) => starters.has(starterOf(expression)))
    .flatMap(({ arguments: [first] }) =>
      first !== undefined && ts.isStringLiteralLike(first) ? [first.text] : [],
    )
    .filter((name) => !name.includes('/'))
    .map((name) => ({ path, name }));
}

/** What an import brings that starts a command. */
function startersOf(declaration: ts.ImportDeclaration): string[] {
  const names = find(declaration, ts.isImportSpecifier).map(({ name }) => name.text);
  const module = declaration.moduleSpecifier.getText();
  if (/^'(?:node:child_process|execa)'$/.test(module)) return names;
  return /\/say\.mjs'$/.test(module) ? names.filter((name) => name === 'run') : [];
}

/** `spawn` of spawn(...) and of promisify(spawn)(...). */
function starterOf(expression: ts.Expression): string {
  if (!ts.isCallExpression(expression)) return expression.getText();
  return expression.expression.getText() === 'promisify' ? (expression.arguments[0]?.getText() ?? '') : '';
}

function find<T extends ts.Node>(node: ts.Node, is: (node: ts.Node) => node is T): T[] {
  const found = is(node) ? [node] : [];
  ts.forEachChild(node, (child) => void found.push(...find(child, is)));
  return found;
}
