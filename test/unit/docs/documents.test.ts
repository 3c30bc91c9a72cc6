// What documents show must be true as far as it can be parsed: commands, configurations, JSON, Python, links and
// their anchors. Not here: names in their text (names.test.ts), what commands do (where they are implemented).
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../../config/load.ts';
import { parseCli } from '../../../portwrap/cli/parse.ts';
import { documents } from '../../support/sources.ts';

const root = new URL('../../..', import.meta.url).pathname;
const pages = documents.map(({ path, text }) => ({ name: path, text }));

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
  const links = [...text.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)]*))?\)/g)];
  const missing = links.filter(([, target = '', anchor]) => {
    const path = target === '' ? name : normalize(join(dirname(name), target));
    return !existsSync(join(root, path)) || !(anchor === undefined || anchorsOf(path).includes(anchor));
  });
  expect(missing.map(([link]) => link)).toEqual([]);
});

/** As GitHub makes them from headings. */
function anchorsOf(path: string): string[] {
  const text = pages.find((page) => page.name === path)?.text ?? '';
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function fails(attempt: () => unknown): boolean {
  try {
    attempt();
    return false;
  } catch {
    return true;
  }
}
