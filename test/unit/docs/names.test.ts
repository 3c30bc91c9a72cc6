// What comments and documents name exists: files and folders, commands and their options, keys of the configuration,
// error codes and environment variables. A word counts as existing when code has it, outside of comments.
// Not here: links and examples (documents.test.ts).
import { expect, test } from 'vitest';
import { type Key, keysOf, writtenForm } from '../../../config/generate/key.ts';
import { configSchema } from '../../../config/schema.ts';
import { codeHas, comments, documents, exists, scripts, sources, type Text } from '../../support/sources.ts';

interface Kind {
  readonly what: string;
  /** Finds names: its first group. */
  readonly pattern: RegExp;
  readonly isThere: (name: string, path: string) => boolean;
  /** The texts that are read; absent: documents and comments. */
  readonly among?: readonly Text[];
  /** A text of which the check must find fault. */
  readonly wrong: string;
}

// What a release or a decision was about may be gone since: of the changelog only what is not released yet is read.
const current = documents
  .filter(({ path }) => !path.startsWith('docs/decisions/'))
  .map(({ path, text }) => ({ path, text: path === 'CHANGELOG.md' ? sinceRelease(text) : text }));
const texts = [...current, ...comments];
const code = texts.map(asCode);

// Names of other programs, and of what an administrator makes.
const foreignFiles = new Set([
  'config.yaml',
  'hub-config.yaml',
  'jupyterhub.service',
  'jupyterhub_config.py',
  'nftables.service',
  'portwrap.py',
  'test_proxy.py',
  'test_spawner.py',
  'vite.config.js',
]);
const foreignConstants = /^(?:BPF|CAP|NODE|SECCOMP|X509)_|_MAGIC$|^CLOSE_WAIT$|^CREDENTIALS_DIRECTORY$/;
const misspelled = 'service.lisen'; // the example of a wrong key in docs/configuration.md

const keys = pathsOf(keysOf(writtenForm(configSchema)));
const mappings = [...new Set(keys.flatMap((path) => path.split('.').slice(0, -1)))].join('|');

const kinds: readonly Kind[] = [
  {
    what: 'files',
    pattern:
      /(?<![\w/.@{}*<-])((?:[\w.-]+\/)*[\w-]+(?:\.[\w-]+)*\.(?:ts|mjs|js|py|sh|md|css|ya?ml|service|socket))\b(?![\w(*{-])/g,
    isThere: (name, path) => foreignFiles.has(name) || exists(name, path),
    wrong: 'Not here: what is gone (gone-file.ts).',
  },
  {
    what: 'folders',
    pattern:
      /(?<![\w/.@{}*<-])((?:config|portwrap|proxy|spawner|test|scripts|bench|systemd)(?:\/[\w-]+)*\/)(?![\w*<{.[])/g,
    isThere: exists,
    wrong: 'see spawner/gone/ for that',
  },
  {
    what: 'npm scripts',
    pattern: /\bnpm run ([\w:-]+)/g,
    isThere: (name) => name in scripts,
    wrong: 'npm run gone',
  },
  {
    what: 'commands, each a file or a folder of its program',
    pattern: /^ *(portwrap(?:-spawner)? [a-z][a-z-]+)(?=\s|$)/gm,
    isThere: isCommand,
    among: code,
    wrong: 'portwrap-spawner gone --all',
  },
  {
    what: 'options of our commands',
    pattern: /(?<![\w-])--([a-z0-9]+(?:-[a-z0-9]+)*)(?![\w-])/g,
    isThere: codeHas,
    among: code.map(({ path, text }) => ({ path, text: ourCommands(text) })),
    wrong: ['portwrap --gone', 'away true'].join('-'),
  },
  {
    what: 'keys of the configuration',
    pattern: new RegExp(
      `(?<![\\w/.$-])((?:${mappings})(?:\\[\\])?(?:\\.[a-z_]+(?:\\[\\])?)+)(?![\\w(/-])`,
      'g',
    ),
    isThere: (name) =>
      isKey(name) || name === misspelled || /\.(?:ts|mjs|md|py|token|key|html|css)$/.test(name),
    // portwrap/ and proxy/ have no configuration: such names are properties there
    among: texts.filter(({ path }) => !/^(?:portwrap|proxy)\//.test(path)),
    wrong: 'raise `limits.gone_servers`',
  },
  {
    what: 'error codes and environment variables',
    pattern: /(?<![\w$-]|variable: )([A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+)(?![\w*-])/g,
    isThere: (name) => foreignConstants.test(name) || codeHas(name),
    wrong: ['refused with GONE', 'AWAY'].join('_'),
  },
  {
    what: 'pages that messages send their readers to',
    pattern: /(?<![\w/.])(docs\/[\w/-]+\.md)/g,
    isThere: exists,
    among: sources.filter(({ path }) => path !== 'test/unit/docs/names.test.ts'),
    wrong: 'See docs/gone.md.',
  },
];

test.each(kinds)('$what that comments and documents name exist', (kind) => {
  const among = kind.among ?? texts;
  expect(among.flatMap(({ text }) => [...text.matchAll(kind.pattern)]).length).toBeGreaterThan(10);
  expect(among.flatMap((text) => missing(kind, text))).toEqual([]);
});

test.each(kinds)('a wrong name among $what is found', (kind) => {
  expect(missing(kind, { path: 'docs/some.md', text: kind.wrong })).toHaveLength(1);
});

function missing({ pattern, isThere }: Kind, { path, text }: Text): string[] {
  const found = [...text.matchAll(pattern)].map(([whole, name = whole]) => name);
  return found.filter((name) => !isThere(name, path)).map((name) => `${path}: ${name}`);
}

function isCommand(line: string): boolean {
  const [program = '', name = ''] = line.split(' ');
  const folders = program === 'portwrap' ? ['portwrap', 'portwrap/cli'] : ['spawner/commands'];
  const paths = folders.flatMap((folder) => [`${folder}/${name}/`, `${folder}/${name}.ts`]);
  return paths.some((path) => exists(path, '.'));
}

/** Whether it is a key, written from the top or from any mapping above it. */
function isKey(name: string): boolean {
  const plain = name.replaceAll('[]', '');
  return keys.some((path) => path === plain || path.endsWith(`.${plain}`));
}

function sinceRelease(changelog: string): string {
  return changelog.split(/^## (?!Unreleased)/m)[0] ?? '';
}

/** Code spans, and lines of shell examples, each on a line of its own. */
function asCode({ path, text }: Text): Text {
  const spans = [...text.matchAll(/`([^`\n]+)`/g)].map(([, span]) => span);
  const blocks = [...text.matchAll(/^ *```sh\n(.*?)^ *```$/gms)].map(([, block]) => block);
  return { path, text: [...spans, ...blocks].join('\n') };
}

/** The lines that begin with one of our programs, or with an option. */
function ourCommands(lines: string): string {
  return lines
    .split('\n')
    .filter((line) => /^ *(?:portwrap|--)/.test(line))
    .join('\n');
}

/** `profiles.culling.max_age` for each key, in the order of the file. */
function pathsOf(below: readonly Key[], above = ''): string[] {
  return below.flatMap((key) => [`${above}${key.name}`, ...pathsOf(key.keys, `${above}${key.name}.`)]);
}
