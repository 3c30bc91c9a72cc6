// The files of this repository as tests of it read them: code without its comments, comments, documents.
// Not here: the checks.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, extname, join, normalize } from 'node:path';

export interface Text {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
}

const root = join(import.meta.dirname, '../..');
const sourceFolders = [
  'bench',
  'config',
  'hub',
  'portwrap',
  'proxy',
  'scripts',
  'spawner',
  'systemd',
  'test',
];
const notOurs =
  /(?:^|\/)(?:node_modules|dist|dist-bench|results|build|__pycache__|\.[^/]+|[^/]+\.egg-info)(?:\/|$)/;

const read = (path: string): Text => ({ path, text: readFileSync(join(root, path), 'utf8') });
const below = (folder: string) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((path) => `${folder}/${path}`)
    .filter((path) => !notOurs.test(path));

const paths = [...sourceFolders, 'docs'].filter((folder) => existsSync(join(root, folder))).flatMap(below);
const topLevel = readdirSync(root).filter((name) => extname(name) !== '' && !name.startsWith('.'));
const names = new Set([...paths, ...topLevel].map((path) => basename(path)));
const isEndOfPath = (end: string) => paths.some((path) => path.endsWith(`/${end}`));

/** The comment syntax of files with this extension. */
const commentsOf: Readonly<Record<string, RegExp>> = {
  '.ts': /\/\*.*?\*\/|(?<=^|[\s;{}(),])\/\/ .*?$/gms,
  '.mjs': /\/\*.*?\*\/|(?<=^|[\s;{}(),])\/\/ .*?$/gms,
  '.js': /\/\*.*?\*\/|(?<=^|[\s;{}(),])\/\/ .*?$/gms,
  '.py': /(?<=^|\s)# .*?$|^ *""".*?"""/gms,
  '.sh': /(?<=^|\s)# .*?$/gms,
  '.service': /^#.*?$/gms,
  '.socket': /^#.*?$/gms,
};

/** Files that are not documents. */
export const sources: readonly Text[] = paths.filter((path) => extname(path) in commentsOf).map(read);

/** All comments of a file, joined. */
export const comments: readonly Text[] = sources.map(({ path, text }) => ({
  path,
  text: (text.match(commentsOf[extname(path)] ?? /$^/) ?? []).join('\n'),
}));

export const documents: readonly Text[] = [...topLevel, ...paths]
  .filter((path) => extname(path) === '.md')
  .map(read);

const { scripts: npmScripts } = JSON.parse(read('package.json').text) as { scripts: Record<string, string> };
export const scripts: Readonly<Record<string, string>> = npmScripts;

const code = new Set(
  [
    ...sources.map(({ path, text }) => text.replaceAll(commentsOf[extname(path)] ?? /$^/, '')),
    read('package.json').text,
  ]
    .flatMap((text) => text.match(/[\w-]+/g) ?? [])
    .map((word) => word.replace(/^-+/, '')),
);

/** Whether `word` occurs in any code outside of comments. */
export const codeHas = (word: string): boolean => code.has(word);

/**
 * Whether `name`, as the file `from` names it, is a file or folder: a bare name anywhere, the end of a path, or a path from
 * any folder above `from`. Compiled files stand for their sources.
 */
export function exists(name: string, from: string): boolean {
  const source = name.replace(/^(?:\.\/)?dist\/(.*)\.js$/, '$1.ts').replace(/^\.\//, '');
  if (!source.includes('/')) return names.has(source);
  if (isEndOfPath(source)) return true;
  return foldersAbove(from).some((folder) => existsSync(join(root, normalize(join(folder, source)))));
}

function foldersAbove(path: string): readonly string[] {
  const folder = dirname(path);
  return folder === '.' ? ['.'] : [folder, ...foldersAbove(folder)];
}
