// What README and docs show must be true as far as it can be parsed: commands, configurations, JSON, Python,
// links. What the commands do is tested where they are implemented.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../../config/load.ts';
import { parseCli } from '../../../portwrap/cli/parse.ts';

const root = new URL('../../..', import.meta.url).pathname;
const pages = ['README.md', 'hub/README.md', ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)]
  .filter((name) => name.endsWith('.md'))
  .map((name) => ({ name, text: readFileSync(join(root, name), 'utf8') }));

interface Block {
  readonly page: string;
  readonly language: string;
  readonly text: string;
}

const blocks: Block[] = pages.flatMap(({ name, text }) =>
  [...text.matchAll(/^( *)```(\w+)\n(.*?)^\1```$/gms)].map(([, indent = '', language = '', body = '']) => ({
    page: name,
    language,
    text: body.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  })),
);
const ofLanguage = (language: string) => blocks.filter((block) => block.language === language);
const shellLines = ofLanguage('sh').flatMap(({ page, text }) =>
  text.split('\n').map((line) => ({ page, line: line.replace(/\s+#.*$/, '').trim() })),
);

test('there is something to check', () => {
  expect(pages.length).toBeGreaterThan(6);
  expect(blocks.length).toBeGreaterThan(10);
});

test.each(ofLanguage('yaml').filter(({ text }) => /^hubs:/m.test(text)))(
  'a configuration in $page loads',
  ({ text }) => {
    expect(() => parseConfig(text, 'example.yaml')).not.toThrow();
  },
);

test.each(ofLanguage('json'))('JSON in $page is JSON, whole or line by line', ({ text }) => {
  // "…" stands for what is left out
  const parse = (part: string) => JSON.parse(part);
  const whole = () => parse(text);
  const lines = () => text.trim().split('\n').forEach(parse);
  expect(
    [whole, lines].some((attempt) => !fails(attempt)),
    text,
  ).toBe(true);
});

test.each(ofLanguage('python'))('Python in $page compiles', ({ text }) => {
  const check = 'import ast, sys; ast.parse(sys.stdin.read())';
  expect(() => execFileSync('/usr/bin/python3', ['-c', check], { input: text })).not.toThrow();
});

describe('command lines', () => {
  const portwrap = shellLines.filter(({ line }) => /^portwrap /.test(line));

  test.each(portwrap)('$line ($page)', ({ line }) => {
    expect(() => parseCli(line.split(/\s+/).slice(1))).not.toThrow();
  });

  test.each(shellLines.filter(({ line }) => /^npm (start|test|run )/.test(line)))(
    '$line ($page)',
    ({ line }) => {
      const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object };
      expect(Object.keys(scripts)).toContain(line.replace(/^npm (run )?/, '').split(' ')[0]);
    },
  );

  test.each(shellLines.filter(({ line }) => /^node bench\/run\.mjs /.test(line)))(
    '$line ($page)',
    ({ line }) => {
      expect(existsSync(join(root, 'bench', `${line.split(' ')[2]}.ts`))).toBe(true);
    },
  );
});

test.each(pages)('every link in $name leads somewhere', ({ name, text }) => {
  const targets = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)(#[^)]*)?\)/g)].map(
    ([, target = '']) => target,
  );
  const missing = targets.filter((target) => !existsSync(join(root, dirname(name), target)));
  expect(missing).toEqual([]);
});

function fails(attempt: () => unknown): boolean {
  try {
    attempt();
    return false;
  } catch {
    return true;
  }
}
