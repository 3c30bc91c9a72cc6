// A problem of a configuration file: its place, its line of text, and the error that several make together.
// Not here: finding the problems (load.ts, document.ts), the wording of the schema's (issue.ts).
import { PortwrapError } from './errors.ts';

/** From the root of the file: names of keys, and numbers of items from 0. */
export type KeyPath = readonly PropertyKey[];

export interface Position {
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
}

export interface Problem extends Position {
  /** Empty: the file as a whole. */
  readonly path: KeyPath;
  /** What is wrong, the value where it may be shown, and what would be right. */
  readonly text: string;
}

/** CONFIG_INVALID with every problem as `file:line:column: key.path: text`, in the order of the file. */
export function configInvalid(fileName: string, problems: readonly Problem[]): PortwrapError {
  const sorted = problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
  const lines = sorted.map(({ line, column, path, text }) => {
    const subject = path.length === 0 ? 'the file' : shownPath(path);
    return `${fileName}:${line}:${column}: ${subject}${path.length === 0 ? ' ' : ': '}${text}`;
  });
  return new PortwrapError('CONFIG_INVALID', [...new Set(lines)].join('\n'));
}

/** `key.list[0].key`; of a key that is not a plain word, and may be more than a key, only its beginning. */
export function shownPath(path: KeyPath): string {
  return path.reduce<string>((shown, key) => {
    if (typeof key === 'number') return `${shown}[${key}]`;
    const name = plainKey.test(String(key)) ? String(key) : `${/^\w{0,16}/.exec(String(key))?.[0] ?? ''}…`;
    return shown === '' ? name : `${shown}.${name}`;
  }, '');
}

export const plainKey = /^[\w-]{1,64}$/;
