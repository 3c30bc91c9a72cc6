// hub-config.example.yaml: every key with its help, as a valid configuration file.
// Active lines show the default, or the example of the schema for keys without a default.
import { isDeepStrictEqual } from 'node:util';
import { stringify } from 'yaml';
import type { Key } from './key.ts';

const width = 96;

/** The text of the file, for the keys at its root. */
export function exampleFile(keys: readonly Key[]): string {
  return `${[...header, ...keys.flatMap((key) => ['', ...keyLines(key, undefined)])].join('\n')}\n`;
}

const header = [
  '# The configuration of portwrap-spawner, with every key that there is. Made from config/schema.ts by',
  '# "npm run generate": copy it, and edit the copy.',
  '#',
  '# Every value is the default; only "hubs" has none, so a file may consist of "hubs" alone.',
  '# "# text" explains the key below it. "#key: value" is another value for it, or a key that is not set.',
];

/** `given`: its value in the default or example of the parent. */
function keyLines(key: Key, given: unknown): string[] {
  const value = given === undefined ? shownValue(key) : given;
  const help = commented(key.help, typeNote(key));
  if (key.keys.length === 0) return [...help, ...valueLines(key, value)];
  if (value === null) {
    const alternative = [`${key.name}:`, ...indented(childLines(key.keys, key.examples[0]))];
    return [...help, `${key.name}: null`, ...alternative.map((line) => `#${line}`)];
  }
  if (!key.isList) return [...help, `${key.name}:`, ...indented(childLines(key.keys, value))];
  const items = Array.isArray(value) ? value : [];
  if (items.length === 0) {
    const shown = Array.isArray(key.examples[0]) ? key.examples[0] : [];
    const alternative = shown.flatMap((item) => indented(itemLines(key.keys, item)));
    return [...help, `${key.name}: []`, ...[`${key.name}:`, ...alternative].map((line) => `#${line}`)];
  }
  return [...help, `${key.name}:`, ...items.flatMap((item) => indented(itemLines(key.keys, item)))];
}

/** The default, or the example for mappings and lists of mappings without a default. */
function shownValue(key: Key): unknown {
  return key.default === undefined && key.keys.length > 0 ? key.examples[0] : key.default;
}

function childLines(keys: readonly Key[], values: unknown): string[] {
  return keys.flatMap((key) => keyLines(key, fieldOf(values, key.name)));
}

/** The dash goes before the first key, below the help of that key. */
function itemLines(keys: readonly Key[], item: unknown): string[] {
  const lines = childLines(keys, item);
  const first = lines.findIndex((line) => !line.startsWith('#'));
  return lines.map((line, index) => {
    if (index < first) return line;
    return index === first ? `- ${line}` : `  ${line}`;
  });
}

function valueLines(key: Key, value: unknown): string[] {
  const others = key.examples.filter((example) => !isDeepStrictEqual(example, value));
  const another = others.slice(0, 1).map((example) => `#${oneLine(key.name, example)}`);
  return value === undefined ? another : [oneLine(key.name, value), ...another];
}

function oneLine(name: string, value: unknown): string {
  const written = stringify(value, { collectionStyle: 'flow', flowCollectionPadding: false, lineWidth: 0 });
  return `${name}: ${written.trimEnd()}`;
}

function typeNote({ type, keys }: Key): string {
  if (keys.length > 0 || !/number|one of/.test(type)) return '';
  return ` ${type.charAt(0).toUpperCase()}${type.slice(1)}.`;
}

function commented(help: string, note: string): string[] {
  const lines = [''];
  for (const word of `${help}${note}`.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line !== '' && line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.map((line) => `# ${line}`);
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}

function fieldOf(values: unknown, name: string): unknown {
  if (typeof values !== 'object' || values === null) return undefined;
  return Object.getOwnPropertyDescriptor(values, name)?.value;
}
