// A problem of a configuration file: position and text, and the error that lists all problems.
// Not here: finding problems (load.ts, document.ts), the wording of schema problems (issue.ts).
import { PortwrapError } from './errors.ts';

/** From the root of the file: names of keys, and indexes of list items from 0. */
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
  /** The fault, the value if it may be shown, and the rule. */
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

/** `key.list[0].key`; a key that is not a plain word may contain a value, so only its start is shown. */
export function shownPath(path: KeyPath): string {
  return path.reduce<string>((shown, key) => {
    if (typeof key === 'number') return `${shown}[${key}]`;
    const name = plainKey.test(String(key)) ? String(key) : `${/^\w{0,16}/.exec(String(key))?.[0] ?? ''}…`;
    return shown === '' ? name : `${shown}.${name}`;
  }, '');
}

export const plainKey = /^[\w-]{1,64}$/;
