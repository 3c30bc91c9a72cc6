// Converts zod issues to problems: the position, and a sentence with the value and the rule.
// A sentence never quotes a value that may be a secret. Not here: the rules (schema.ts).
import type { z } from 'zod';
import type { ConfigDocument } from './document.ts';
import { knownKeys } from './known-keys.ts';
import { nearest } from './nearest.ts';
import { type KeyPath, type Problem, plainKey, shownPath } from './problem.ts';

/** One problem for each issue, except one for each unknown key. */
export function problemsOf(issue: z.core.$ZodIssue, document: ConfigDocument, schema: z.ZodType): Problem[] {
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(schema, issue.path);
    return issue.keys.map((key) => {
      const path = [...issue.path, key];
      return { ...document.positionOfKey(path), path, text: unknownKey(key, known) };
    });
  }
  const { path } = issue;
  const inner = issue.code === 'invalid_union' ? issuesOfOne(issue) : [];
  if (inner.length > 0) return inner.flatMap((one) => problemsOf(one, document, schema));
  if (issue.code === 'invalid_key') {
    return [{ ...document.positionOfKey(path), path, text: `its name ${issue.issues[0]?.message ?? ''}` }];
  }
  return [{ ...document.positionOf(path), path, text: sentence(issue, valueAt(document.value, path)) }];
}

/** Those of the alternative that has the type of the value; none where no alternative has. */
function issuesOfOne({ errors, path }: z.core.$ZodIssueInvalidUnion): z.core.$ZodIssue[] {
  const isMeant = (issues: readonly z.core.$ZodIssue[]) =>
    issues.every((one) => one.path.length > 0 || !['invalid_type', 'invalid_value'].includes(one.code));
  const meant = errors.find(isMeant) ?? [];
  return meant.map((one) => ({ ...one, path: [...path, ...one.path] }));
}

function unknownKey(key: string, known: readonly string[]): string {
  if (!plainKey.test(key)) return 'is not a known key; is the space after its ":" missing?';
  const meant = nearest(key, known);
  if (meant !== undefined) return `is not a known key; did you mean "${meant}"?`;
  return `is not a known key; known here: ${known.join(', ')}`;
}

function sentence(issue: z.core.$ZodIssue, value: unknown): string {
  const rule = ruleOf(issue);
  if (value === undefined) return `is missing, ${rule}`;
  // The messages of rules for a whole mapping include its value.
  if (issue.code === 'custom' && typeof value === 'object') return issue.message;
  const meant = issue.code === 'invalid_value' ? nearest(String(value), issue.values.map(String)) : undefined;
  const suggestion = meant === undefined ? quotesAdvice(issue, value) : `; did you mean "${meant}"?`;
  return `${shownValue(value, issue)} ${rule}${suggestion}`;
}

function quotesAdvice(issue: z.core.$ZodIssue, value: unknown): string {
  if (issue.code !== 'invalid_type') return '';
  if (issue.expected === 'string') return typeof value === 'object' ? '' : ': put it into quotes';
  if (typeof value !== 'string') return '';
  return unquotedForms[issue.expected]?.test(value) ? ': remove its quotes' : '';
}

const unquotedForms: Readonly<Partial<Record<string, RegExp>>> = {
  number: /^-?\d+(?:\.\d+)?$/,
  boolean: /^(?:true|false)$/,
};

function ruleOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${typeNames[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}`;
    case 'too_small':
      return `must ${bound(issue.origin, 'at least', Number(issue.minimum))}`;
    case 'too_big':
      return `must ${bound(issue.origin, 'at most', Number(issue.maximum))}`;
    default:
      return issue.message;
  }
}

function bound(origin: string, word: string, limit: number): string {
  if (origin === 'array') return `have ${word} ${limit} ${limit === 1 ? 'item' : 'items'}`;
  if (origin === 'string') return `have ${word} ${limit} ${limit === 1 ? 'character' : 'characters'}`;
  return `be ${word} ${limit}`;
}

const typeNames: Readonly<Partial<Record<string, string>>> = {
  string: 'text',
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping of keys to values',
  record: 'a mapping of names to values',
};

function shownValue(value: unknown, { path, code }: z.core.$ZodIssue): string {
  if (value === null) return 'is empty (null),';
  if (Array.isArray(value)) return value.length === 0 ? 'is an empty list,' : 'is a list,';
  if (typeof value === 'object') return 'is a mapping,';
  if (mayBeSecret(value, path)) {
    if (typeof value !== 'string') return `is a ${typeof value},`;
    return code === 'invalid_type' ? 'is text,' : 'its value';
  }
  if (typeof value !== 'string') return `is the ${typeof value} ${value},`;
  return `is ${JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value)},`;
}

// Any other key may hold a secret by design or by mistake: a token in token_env, a string instead of a mapping.
function mayBeSecret(value: unknown, path: KeyPath): boolean {
  if (!plainPlaces.some((place) => place.test(shownPath(path)))) return true;
  return String(value).includes('@');
}

const plainPlaces: readonly RegExp[] = [
  /^(?:service|accounts|ports|limits)\.\w+$/,
  /^hubs\[\d+\]\.(?:name|api_url|public_api_url|reaper\.interval)$/,
  /^proxy\.api_url$/,
  /^admin_page\.(?:hub|service_name|listen)$/,
  /^profiles\[\d+\]\.(?:name|description|guest_port|ready_path|ready_timeout|stop_timeout|max_servers)$/,
  /^profiles\[\d+\]\.(?:command|path)\[\d+\]$/,
  /^profiles\[\d+\]\.network\.\w+(?:\[\d+\])?$/,
  /^profiles\[\d+\]\.culling\.\w+$/,
  /^profiles\[\d+\]\.options\[\d+\]\.\w+(?:\[\d+\])?$/,
];

function valueAt(value: unknown, path: KeyPath): unknown {
  let current = value;
  for (const key of path) {
    if (typeof current !== 'object' || current === null) return undefined;
    current = Object.getOwnPropertyDescriptor(current, key)?.value;
  }
  return current;
}
