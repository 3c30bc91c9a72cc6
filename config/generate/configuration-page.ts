// docs/configuration.md: the reference of every key, one table for each mapping of the file.
import type { Key } from './key.ts';
import { table } from './table.ts';

/** The text of the page, for the keys at the root of the file. */
export function configurationPage(keys: readonly Key[]): string {
  return `${[introduction, ...keys.flatMap((key) => sections(key, ''))].join('\n\n')}\n`;
}

const introduction = `# Configuration

The service reads one YAML 1.2 file. This page lists every key; it is made from \`config/schema.ts\` by
\`npm run generate\`, as are [hub-config.example.yaml](../hub-config.example.yaml), the same as a file to copy, and
[config/schema.json](../config/schema.json), with which an editor can complete and check.

Only \`hubs\` is required:

\`\`\`yaml
hubs:
  - name: hub
    token_env: PORTWRAP_HUB_TOKEN
\`\`\`

All problems of a file are reported together, one line each, and the service does not start:

\`\`\`text
hub-config.yaml:4:3: service.lisen: is not a known key; did you mean "listen"?
hub-config.yaml:9:12: ports.range: is "29999-20000", must be "LOW-HIGH", two numbers from 1024 to 65535, the lower one first
\`\`\`

A token is 16 to 512 printable ASCII characters without spaces. A file with a token in it, also this one, must not be
readable by every user. Messages and logs never contain a token.`;

function sections(key: Key, parent: string): string[] {
  if (key.keys.length === 0) return [];
  const path = `${parent}${key.name}${key.isList ? '[]' : ''}`;
  return [
    `## \`${path}\``,
    `${key.help}${whenAbsent(key)}`,
    table(['key', 'type', 'default', 'meaning'], key.keys.map(row)),
    ...key.keys.flatMap((inner) => sections(inner, `${path}.`)),
  ];
}

function whenAbsent(key: Key): string {
  return key.isList || key.default === null ? ` Default: ${defaultOf(key)}.` : '';
}

function row(key: Key): string[] {
  const example = key.examples[0];
  const shown = example === undefined || key.keys.length > 0 ? '' : ` Example: ${code(example)}`;
  return [`\`${key.name}\``, key.type, defaultOf(key), `${key.help}${shown}`];
}

function defaultOf(key: Key): string {
  if (key.required) return 'none, required';
  if (key.default === undefined) return 'not set';
  return key.keys.length > 0 && !key.isList && key.default !== null ? 'see below' : code(key.default);
}

function code(value: unknown): string {
  return `\`${typeof value === 'string' && value !== '' ? value : JSON.stringify(value)}\``;
}
