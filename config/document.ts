// A YAML 1.2 text as plain data in which every key and value has a line and a column.
// Not here: what the data must look like (schema.ts, issue.ts).
import {
  type Document,
  type ErrorCode,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
} from 'yaml';
import type { KeyPath, Position, Problem } from './problem.ts';

export interface ConfigDocument {
  /** The data; `undefined` when the text is not valid YAML; `problems` then has entries. */
  readonly value: unknown;
  readonly problems: readonly Problem[];
  /** Where the value at `path` begins, or its nearest enclosing value that exists. */
  positionOf(path: KeyPath): Position;
  /** Where the last key of `path` is. */
  positionOfKey(path: KeyPath): Position;
}

export function readDocument(text: string): ConfigDocument {
  const lines = new LineCounter();
  // The library's own messages quote the text, which may be a secret: only codes and offsets are used.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true });
  const position = (offset: number | undefined): Position => {
    const { line, col } = lines.linePos(Math.min(offset ?? 0, text.length));
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const problems: Problem[] = [...document.errors, ...document.warnings].map(({ code, pos }) => ({
    ...position(pos[0]),
    path: [],
    text: `is not valid YAML: ${yamlFaults[code]}`,
  }));
  const value = problems.length > 0 ? undefined : plainData(document, position, problems);
  return {
    value,
    problems,
    positionOf: (path) => position(find(document, path).value),
    positionOfKey: (path) => position(find(document, path).key),
  };
}

function plainData(
  document: Document,
  position: (offset: number | undefined) => Position,
  problems: Problem[],
): unknown {
  visit(document, {
    Alias(_key, alias) {
      if (alias.resolve(document) !== undefined) return;
      const text =
        'is not valid YAML: no "&" anchor with that name precedes it; quote text that begins with "*"';
      problems.push({ ...position(alias.range?.[0]), path: [], text });
    },
  });
  if (problems.length > 0) return undefined;
  try {
    return document.toJS();
  } catch {
    problems.push({
      line: 1,
      column: 1,
      path: [],
      text: 'is not usable YAML: its aliases expand to too much',
    });
    return undefined;
  }
}

/** Offsets of the deepest node on `path` that exists, and of the key before it. */
function find(document: Document, path: KeyPath): { value: number | undefined; key: number | undefined } {
  let node: unknown = document.contents;
  let value = isNode(node) ? node.range?.[0] : undefined;
  let key = value;
  for (const name of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(name));
      if (pair === undefined) break;
      key = isNode(pair.key) ? pair.key.range?.[0] : key;
      node = pair.value;
    } else if (isSeq(node) && typeof name === 'number' && name < node.items.length) {
      node = node.items[name];
      key = isNode(node) ? node.range?.[0] : key;
    } else break;
    value = isNode(node) ? node.range?.[0] : key;
  }
  return { value, key };
}

const yamlFaults: Readonly<Record<ErrorCode, string>> = {
  ALIAS_PROPS: 'an alias ("*name") can have no anchor or tag; quote text that begins with "*"',
  BAD_ALIAS: 'this alias ("*name") cannot be used; quote text that begins with "*"',
  BAD_COLLECTION_TYPE: 'this tag ("!name") does not fit the value; quote text that begins with "!"',
  BAD_DIRECTIVE: 'unknown directive ("%...")',
  BAD_DQ_ESCAPE: 'unknown "\\" escape in double quotes; use single quotes',
  BAD_INDENT: 'the indentation differs from the lines around it, or a bracket before it is not closed',
  BAD_PROP_ORDER: 'the anchor or tag must come before its value',
  BAD_SCALAR_START: 'text cannot begin with this character; put it into quotes',
  BLOCK_AS_IMPLICIT_KEY: 'this line has a second "key:"; put text that contains ": " into quotes',
  BLOCK_IN_FLOW: 'an indented block is not allowed inside [ ] or { }',
  DUPLICATE_KEY: 'duplicate key; keep one of them',
  IMPOSSIBLE: 'syntax error',
  KEY_OVER_1024_CHARS: 'a key cannot be longer than 1024 characters; is a ":" or a quote missing?',
  MISSING_CHAR: 'a character is missing here: a ":" with a space after it, a quote, a comma or a bracket',
  MULTILINE_IMPLICIT_KEY: 'a key must be on one line; is a ":" or a quote missing?',
  MULTIPLE_ANCHORS: 'a value can have one anchor ("&name") only; quote text that begins with "&"',
  MULTIPLE_DOCS: 'a second document begins here; the file must have one, without "---" between',
  MULTIPLE_TAGS: 'a value can have one tag ("!name") only; quote text that begins with "!"',
  NON_STRING_KEY: 'a key must be plain text',
  RESOURCE_EXHAUSTION: 'it is nested too deeply',
  TAB_AS_INDENT: 'lines must be indented by spaces, not by tabs',
  TAG_RESOLVE_FAILED: 'unknown tag ("!name"); quote text that begins with "!"',
  UNEXPECTED_TOKEN: 'unexpected token; is an indentation, a quote or a bracket wrong?',
};
