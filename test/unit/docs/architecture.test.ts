// docs/architecture.md shows the tree as it is: each folder of the product with a line of its own, and each decision.
// Not here: files that it names (names.test.ts).
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const page = readFileSync(join(root, 'docs/architecture.md'), 'utf8');
const tree = /```text\n(.*?)```/s.exec(page)?.[1] ?? '';

test.each(['config', 'portwrap', 'proxy', 'spawner'])(
  'the tree has a line for each folder of %s/',
  (name) => {
    const lines = new RegExp(`^${name}/ .*\\n((?: {2,}.*\\n)*)`, 'm').exec(tree)?.[1] ?? '';
    const shown = [...lines.matchAll(/^ {2}([\w-]+)\/ +\w/gm)].map(([, folder]) => folder);
    const folders = readdirSync(join(root, name), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('_'))
      .map((entry) => entry.name);
    expect(shown.sort()).toEqual(folders.sort());
  },
);

test('the list of decisions has each of them, in order', () => {
  const listed = [...page.matchAll(/^(\d+)\. \[.*\]\(decisions\/(.*)\)$/gm)];
  const numbered = listed.map(([, number = '', file = '']) => [`${number.padStart(4, '0')}-`, file]);
  expect(numbered.every(([number = '', file = '']) => file.startsWith(number))).toBe(true);
  expect(numbered.map(([, file]) => file)).toEqual(readdirSync(join(root, 'docs/decisions')).sort());
});

test.each(readdirSync(join(root, 'docs/decisions')))(
  '%s has a date, a status, and its three parts',
  (name) => {
    const text = readFileSync(join(root, 'docs/decisions', name), 'utf8');
    expect(text).toMatch(/^# \d+\. .+\n\nDate: \d{4}-\d{2}-\d{2} · Status: (?:accepted|replaced by \d+)\n/);
    expect([...text.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading)).toEqual([
      'Context',
      'Decision',
      'Evidence',
    ]);
  },
);
