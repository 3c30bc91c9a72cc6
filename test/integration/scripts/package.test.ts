// The npm package: what `npm pack` puts in it is made from the sources, and nothing else.
// Not here: installing it (test/vm/install.test.ts).
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const product = ['config', 'portwrap', 'proxy', 'spawner'];
const copied = [
  ...[...product, 'apparmor', 'bench', 'docs', 'hub', 'monitoring', 'native', 'scripts', 'systemd'],
];
const processor = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
const programs = ['portwrap-forward', 'portwrap-init', 'portwrap-wrapper', 'portwrap-enter'].map(
  (name) => `dist/native/${name}-${processor}`,
);
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
let directory: string;
let packed: readonly string[];
let said: readonly string[];

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'portwrap-package-'));
  const copy = join(directory, 'portwrap-spawner');
  const isGenerated = (path: string) => /^(?:__pycache__|.*\.egg-info|results)$/.test(basename(path));
  const topLevel = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isFile());
  for (const name of [...copied, ...topLevel.map((entry) => entry.name)])
    cpSync(join(root, name), join(copy, name), { recursive: true, filter: (path) => !isGenerated(path) });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  // what builds and tests leave
  for (const path of [
    'dist/spawner/gone.js',
    'hub/portwrap_spawner/__pycache__/gone.pyc',
    'hub/build/gone.py',
  ]) {
    mkdirSync(join(copy, path, '..'), { recursive: true });
    writeFileSync(join(copy, path), '');
  }
  const cache = `--cache=${join(directory, 'npm')}`;
  const npm = spawnSync('npm', ['pack', '--dry-run', '--json', '--offline', cache], {
    cwd: copy,
    encoding: 'utf8',
  });
  if (npm.status !== 0) throw new Error(`npm pack ended with ${npm.status}: ${npm.stderr}`);
  said = npm.stderr.split('\n').filter((line) => !/^ {2}\.\.\. /.test(line)); // how long a step has taken so far
  const [{ files = [] } = {}] = JSON.parse(npm.stdout) as { files: { path: string }[] }[];
  packed = files.map(({ path }) => path);
}, 900_000); // it compiles everything

afterAll(() => rmSync(directory, { recursive: true, force: true }));

const filesBelow = (folder: string) =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));

test('holds one compiled file for each source, the programs in C, and nothing of an earlier build', () => {
  const sources = product.flatMap(filesBelow).filter((path) => path.endsWith('.ts'));
  const compiled = sources.map((path) => `dist/${path.replace(/\.ts$/, '.js')}`);
  expect(packed.filter((path) => path.startsWith('dist/')).sort()).toEqual([...compiled, ...programs].sort());
});

test('holds the plugin as it is in the sources, without what only its checks need', () => {
  const plugin = filesBelow('hub').filter(
    (path) => !/__pycache__|_cache\/|\.egg-info|^hub\/(?:build|typings)\//.test(path),
  );
  expect(packed.filter((path) => path.startsWith('hub/')).sort()).toEqual(plugin.sort());
});

test('holds, besides, documents, units, the page, the example and the schema, and nothing that is not in the sources', () => {
  const others = packed.filter((path) => !/^(?:dist|hub)\//.test(path));
  const expected = [
    ...['apparmor', 'docs', 'monitoring', 'native', 'systemd', 'spawner/page/static'].flatMap(filesBelow),
    ...['portwrap', 'portwrap-proxy', 'portwrap-spawner'].flatMap((name) => [
      `share/bash-completion/completions/${name}`,
      `share/fish/vendor_completions.d/${name}.fish`,
      `share/zsh/vendor-completions/_${name}`,
    ]),
    `share/plugin/portwrap_spawner-${version}-py3-none-any.whl`,
    'share/plugin/requirements.txt',
    ...[
      'scripts/native.mjs',
      'config/schema.json',
      'bench/RESULTS.md',
      'hub-config.example.yaml',
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'package.json',
    ],
  ];
  expect([...others].sort()).toEqual(expected.sort());
});

test('is made with a few lines of output: each step, and not what its programs print', () => {
  expect(said).toContain('> Building the plugin (python -m build)');
  expect(said.length).toBeLessThan(30);
});
