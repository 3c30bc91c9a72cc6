// How compression changes the fields of a response (RFC 9110, sections 8.4, 8.8.3 and 12.5.5): a compressed one is
// another representation, so its validator is weak and what describes its bytes is dropped.
// Not here: whether it is compressed (compressible.ts).
import type { Encoding } from './accept-encoding.ts';
import { type Fields, listOf } from './compressible.ts';

export interface FieldEdits {
  /** Names in lower case. */
  readonly drop: readonly string[];
  readonly set: readonly (readonly [name: string, value: string])[];
}

export function encodedEdits(fields: Fields, encoding: Encoding): FieldEdits {
  const tag = fields.get('etag');
  return {
    drop: ofBytes.filter((name) => fields.has(name)),
    set: [
      ['Content-Encoding', encoding],
      ...(tag === undefined || isWeak(tag) ? [] : [['ETag', `W/${tag}`] as const]),
      ...varyEdits(fields).set,
    ],
  };
}

export function varyEdits(fields: Fields): FieldEdits {
  const vary = fields.get('vary');
  if (vary === undefined) return { drop: [], set: [['Vary', 'Accept-Encoding']] };
  const names = listOf(vary);
  const known = names.includes('accept-encoding') || names.includes('*');
  return { drop: [], set: known ? [] : [['Vary', `${vary}, Accept-Encoding`]] };
}

/**
 * For a 304. A client that has asked with our weak form of the tag has the compressed response: with the strong tag it
 * could not find it (RFC 9111, section 4.3.4).
 */
export function notModifiedEdits(fields: Fields, ifNoneMatch: string | undefined): FieldEdits {
  const { drop, set } = varyEdits(fields);
  const tag = fields.get('etag');
  const asked: string[] = ifNoneMatch?.match(/(?:W\/)?"[^"]*"/g) ?? [];
  const isOurs = tag !== undefined && !isWeak(tag) && asked.includes(`W/${tag}`) && !asked.includes(tag);
  return { drop, set: isOurs ? [['ETag', `W/${tag}`], ...set] : set };
}

/** The edits in a list that alternates names and values; fields keep their places. */
export function editList(list: readonly string[], { drop, set }: FieldEdits): string[] {
  const pending = new Map(set.map(([name, value]) => [name.toLowerCase(), [name, value] as const]));
  const replaced = new Set(pending.keys());
  const edited: string[] = [];
  for (let at = 0; at < list.length; at += 2) {
    const name = list[at] ?? '';
    const lower = name.toLowerCase();
    if (drop.includes(lower)) continue;
    if (!replaced.has(lower)) {
      edited.push(name, list[at + 1] ?? '');
      continue;
    }
    const value = pending.get(lower)?.[1];
    // a repeated field becomes one
    if (value !== undefined) edited.push(name, value);
    pending.delete(lower);
  }
  for (const [name, value] of pending.values()) edited.push(name, value);
  return edited;
}

/** `list` alternates names and values. */
export function fieldsByName(list: readonly string[]): Fields {
  const fields = new Map<string, string>();
  for (let at = 0; at < list.length; at += 2) {
    const name = (list[at] ?? '').toLowerCase();
    const value = list[at + 1] ?? '';
    const known = fields.get(name);
    fields.set(name, known === undefined ? value : `${known}, ${value}`);
  }
  return fields;
}

function isWeak(tag: string): boolean {
  return tag.startsWith('W/');
}

/** Fields that describe the bytes as the server has sent them. Ranges of compressed bytes are not served. */
const ofBytes = [
  'content-length',
  'content-md5',
  'digest',
  'content-digest',
  'repr-digest',
  'accept-ranges',
  'trailer',
];
