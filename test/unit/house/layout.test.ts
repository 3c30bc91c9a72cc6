// The dependency tree from imports: no circles between folders, and no folder with too many files.
// A file beside folders is a part of its own; type imports count too. Not here: allowed imports (biome.json).
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const files = ['bench', 'config', 'portwrap', 'proxy', 'scripts', 'spawner', 'test'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((path) => `${folder}/${path}`)
    .filter((path) => /\.(?:ts|mjs)$/.test(path)),
);
const product = files.filter((path) => /^(?:config|portwrap|proxy|spawner)\//.test(path));
const folders = new Set(product.map((path) => dirname(path)));
const withFolders = new Set([...folders].map((folder) => dirname(folder)));

/** The folder of a file, or the file itself if it is beside folders. */
const part = (path: string) => (withFolders.has(dirname(path)) ? path : dirname(path));

function importsOf(path: string): string[] {
  const text = readFileSync(join(root, path), 'utf8');
  return [...text.matchAll(/(?:\bfrom |\bimport\()'(\.[^']*\.ts)'/g)].map(([, to = '']) =>
    normalize(join(dirname(path), to)),
  );
}

/** Part -> parts that it imports from, with one import that shows it. */
function drawGraph(): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const graph = new Map<string, Map<string, string>>();
  for (const path of product) {
    const from = graph.get(part(path)) ?? new Map<string, string>();
    graph.set(part(path), from);
    for (const to of importsOf(path))
      if (part(to) !== part(path)) from.set(part(to), `${path} imports ${to}`);
  }
  return graph;
}

/** The imports of each circle found by a walk from `start`. */
function circlesFrom(start: string, graph: ReturnType<typeof drawGraph>): string[][] {
  const done = new Set<string>();
  const walk = (at: string, way: readonly string[]): string[][] => {
    done.add(at);
    return [...(graph.get(at) ?? [])].flatMap(([to, shown]) => {
      if (to === start) return [[...way, shown]];
      return done.has(to) ? [] : walk(to, [...way, shown]);
    });
  };
  return walk(start, []);
}

test('no folder imports from one that imports from it, over any number of others', () => {
  const graph = drawGraph();
  expect(graph.size).toBeGreaterThan(40);
  expect([...graph.keys()].flatMap((start) => circlesFrom(start, graph).slice(0, 1))).toEqual([]);
});

test('no folder holds more than sixteen files side by side', () => {
  const sizes = [...folders].map((folder) => [
    folder,
    product.filter((path) => dirname(path) === folder).length,
  ]);
  expect(sizes.filter(([, size]) => Number(size) > 16)).toEqual([]);
});

test('every file is named in kebab-case', () => {
  const kebab = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.(?:test|contract|config))?\.(?:ts|mjs)$/;
  expect(files.filter((path) => !kebab.test(basename(path)))).toEqual([]);
});
