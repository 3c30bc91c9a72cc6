// The text that migrate prints: the YAML with the setting of each line as a comment, and below it what is not in it.
// Not here: what it says (../translate.ts).
import { Document, isMap, isScalar, isSeq, type Node, visit } from 'yaml';
import { printable } from '../../table.ts';
import { documentOf } from '../document.ts';
import { keyName } from '../key-name.ts';
import type { Migration, Told } from '../translate.ts';

export function yamlText(migration: Migration, hubLines: readonly string[]): string {
  const document = new Document(inOrder(documentOf(migration.assigned)));
  document.commentBefore = head(migration)
    .map((line) => ` ${printable(line)}`)
    .join('\n');
  comment(document, migration);
  visit(document, {
    Seq(_key, sequence) {
      if (sequence.items.every(isScalar)) sequence.flow = true;
    },
  });
  const tail = sections(migration, hubLines).map((line) => (line === '' ? '#\n' : `# ${printable(line)}\n`));
  return `${document.toString({ lineWidth: 0, flowCollectionPadding: false })}${tail.join('')}`;
}

/** Of the keys at the top, and of the others; keys that are not here come last. */
const topOrder = ['hubs', 'accounts', 'limits', 'slurm', 'profiles'];
const order = [
  ...['name', 'title', 'description', 'token_file', 'api_url', 'launcher', 'command', 'environment', 'path'],
  ...['login_shell', 'shell', 'umask', 'working_directory', 'ready_timeout', 'stop_timeout', 'files'],
  ...['resources', 'culling', 'hooks', 'slurm'],
];

function inOrder(value: unknown, keys: readonly string[] = topOrder): unknown {
  if (Array.isArray(value)) return value.map((one) => inOrder(one, order));
  if (typeof value !== 'object' || value === null) return value;
  const place = (key: string) => (keys.includes(key) ? keys.indexOf(key) : keys.length);
  const entries = Object.entries(value).toSorted(([a], [b]) => place(a) - place(b));
  return Object.fromEntries(
    entries.map(([key, inner]) => [key, key === 'environment' ? inner : inOrder(inner, order)]),
  );
}

function head({ source, spawner, remarks }: Migration): string[] {
  return [
    `Made by portwrap-spawner migrate from ${source} (${spawner}).`,
    ...remarks.map((remark) => `${remark}.`),
    "Below the YAML: what has no counterpart, what stays in the hub's file, and the lines to put there.",
    'portwrap-spawner setup makes the token, and connects the hub.',
  ];
}

/** Each value gets the settings that it comes from. */
function comment(document: Document, { assigned }: Migration): void {
  const labels = new Map<string, Set<string>>();
  for (const { path, label } of assigned) {
    if (label === null) continue;
    const place = path.join('\0');
    labels.set(place, (labels.get(place) ?? new Set()).add(label));
  }
  for (const { path } of assigned) {
    const found = labels.get(path.join('\0'));
    if (found === undefined) continue;
    const text = ` ${printable([...found].join(', '))}`;
    const node = document.getIn(path, true) as Node | undefined;
    if (isScalar(node)) node.comment = text;
    else if (isSeq(node) && !node.items.every(isScalar))
      node.commentBefore = [...found].map((label) => ` ${printable(label)}`).join('\n');
    else if (isMap(node) || isSeq(node)) node.comment = text;
  }
}

function sections({ told }: Migration, hubLines: readonly string[]): string[] {
  const of = (choose: (one: Told) => boolean) => unique(told.filter(choose).map(sentence));
  const staying = new Set(told.flatMap(({ label, outcome }) => (outcome.kind === 'hub' ? [label] : [])));
  const gone = of(({ outcome }) => outcome.kind === 'none');
  const done = of(({ label, outcome }) => outcome.kind === 'yaml' && !staying.has(label));
  const partly = of(({ label, outcome }) => outcome.kind === 'yaml' && staying.has(label));
  const stays = of(({ staysAsItIs, outcome }) => outcome.kind === 'hub' && staysAsItIs === true);
  const moved = of(({ line, outcome }) => outcome.kind === 'hub' && line !== undefined);
  return [
    ...section('No counterpart here', gone),
    ...section('Stays in the file of the hub as it is', stays),
    ...section('Stays as a setting of c.Spawner, with the lines below', moved),
    ...section('Done above, and it stays', partly),
    ...section('Done by the YAML or by the lines below: remove it from the file of the hub', done),
    ...section('Lines for jupyterhub_config.py', hubLines),
  ];
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', `${title}:`, ...lines.map((line) => `  ${line}`)];
}

function sentence({ label, outcome }: Told): string {
  const keys =
    outcome.kind === 'yaml'
      ? outcome.placed.map(({ scope, path }) =>
          keyName(scope === 'profile' ? ['profiles', 0, ...path] : path),
        )
      : [];
  const words = [keys.join(', '), outcome.remark ?? ''].filter((part) => part !== '');
  return words.length === 0 ? label : `${label}: ${words.join('; ')}`;
}

function unique(lines: readonly string[]): string[] {
  return [...new Set(lines)];
}
