// Values at their places as one document. Not here: what is valid in the YAML (keep-valid.ts).
import type { Table, Value } from './read/settings.ts';

export interface Placement {
  /** Of keys, and of numbers in lists. */
  readonly path: readonly (string | number)[];
  readonly value: Value;
  /** The elements come after those that are there. */
  readonly adds?: boolean | undefined;
}

type Node = { [key: string]: Node | Value } | (Node | Value)[];

/** The YAML as data; what comes later counts. */
export function documentOf(placements: readonly Placement[]): Table {
  const root: { [key: string]: Node | Value } = {};
  for (const { path, value, adds } of placements) {
    let node: Node = root;
    for (const [index, part] of path.entries()) {
      const before = read(node, part);
      if (index === path.length - 1) {
        write(
          node,
          part,
          adds && Array.isArray(before) && Array.isArray(value) ? [...before, ...value] : value,
        );
      } else if (typeof before === 'object' && before !== null) {
        node = before as Node;
      } else {
        const made: Node = typeof path[index + 1] === 'number' ? [] : {};
        write(node, part, made);
        node = made;
      }
    }
  }
  return root;
}

function read(node: Node, part: string | number): Node | Value | undefined {
  return Array.isArray(node) ? node[Number(part)] : node[String(part)];
}

function write(node: Node, part: string | number, value: Node | Value): void {
  if (Array.isArray(node)) node[Number(part)] = value;
  else node[String(part)] = value;
}
