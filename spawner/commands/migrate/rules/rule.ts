// A rule says what becomes of one setting of a spawner; here are the words in which the tables of rules are written.
// Not here: the tables (one file a kind of spawner), applying them (../translate.ts).
import { codeOf, isData, type Value } from '../read/settings.ts';

/** What becomes of a setting, or of a part of it. */
export type Outcome =
  | { readonly kind: 'yaml'; readonly placed: readonly Placed[]; readonly remark?: string }
  /** It stays in the hub's file, as it is, or as c.Spawner.NAME. */
  | { readonly kind: 'hub'; readonly remark?: string }
  /** No counterpart. */
  | { readonly kind: 'none'; readonly remark: string };

/** With the setting that it is about, as people know it. */
export type Labelled = readonly [label: string, outcome: Outcome];

/** A value at a key of the service's YAML: of the profile, or of the service. */
export interface Placed {
  readonly scope: 'profile' | 'service';
  readonly path: readonly string[];
  readonly value: Value;
  /** The elements come after those that are there. */
  readonly adds?: true;
}

export interface RuleContext {
  /** Another setting that is in force for the same server. */
  get(trait: string): Value | undefined;
  /** The directories in which its programs are searched otherwise. */
  readonly path: readonly string[];
}

/** Gets data only, and no secret, unless it says so. */
export interface Rule {
  apply(value: Value, context: RuleContext): readonly Outcome[];
  /** It takes the value apart by itself: code and secrets in it included. */
  readonly takesAnything?: true;
}

export interface SpawnerRules {
  /** By the name of the setting. */
  readonly traits: Readonly<Record<string, Rule>>;
  /** What is said of other settings of the class. */
  readonly otherwise: string;
}

type Read = (value: Value, context: RuleContext) => Value | undefined;

/** The key `path` of the profile, such as "resources.memory"; `read` gives undefined for what the key cannot be. */
export function key(path: string, read: Read = (value) => value, remark?: string): Rule {
  return placing('profile', path, read, remark);
}

/** A key of the service, such as "accounts.username". */
export function serviceKey(path: string, read: Read = (value) => value, remark?: string): Rule {
  return placing('service', path, read, remark);
}

function placing(scope: Placed['scope'], path: string, read: Read, remark: string | undefined): Rule {
  return {
    apply(value, context) {
      const found = read(value, context);
      if (found === undefined) return isUnset(value) ? [] : [none(`set ${path} by hand`)];
      return [yaml([{ scope, path: path.split('.'), value: found }], remark)];
    },
  };
}

export function yaml(placed: readonly Placed[], remark?: string): Outcome {
  return { kind: 'yaml', placed, ...(remark === undefined ? {} : { remark }) };
}

export function none(remark: string): Outcome {
  return { kind: 'none', remark };
}

/** It stays in the hub's file. */
export function hubs(remark?: string): Rule {
  const outcome: Outcome = { kind: 'hub', ...(remark === undefined ? {} : { remark }) };
  return { takesAnything: true, apply: () => [outcome] };
}

/** No counterpart, whatever the value is. */
export function nothing(remark: string): Rule {
  return { takesAnything: true, apply: () => [none(remark)] };
}

/** A switch: what to do where it is on; where it is off, `off` says why nothing is to be done. */
export function flag(on: Outcome, off: Outcome): Rule {
  return { apply: (value) => [value === true ? on : off] };
}

/** A value of the profile. */
export function at(path: string, value: Value): Placed {
  return { scope: 'profile', path: path.split('.'), value };
}

/** Elements of a list of the profile. */
export function more(path: string, value: readonly Value[]): Placed {
  return { ...at(path, value), adds: true };
}

/** The spellings of "not set" in traits. */
export function isUnset(value: Value): boolean {
  return value === null || value === '' || (Array.isArray(value) && value.length === 0);
}

/** null and 0 are no limit. */
export function number(value: Value): number | undefined {
  const parsed = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof parsed === 'number' && Number.isFinite(parsed) && parsed > 0 ? parsed : undefined;
}

export function text(value: Value): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function texts(value: Value): readonly string[] | undefined {
  const all = typeof value === 'string' ? [value] : value;
  return Array.isArray(all) && all.length > 0 && all.every((one) => typeof one === 'string')
    ? all
    : undefined;
}

/** Bytes, or "512M": as a size of the YAML. A number with decimals in K is written in bytes. */
export function size(value: Value): string | undefined {
  if (typeof value === 'string') {
    const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?$/i.exec(value.trim()) ?? [];
    return amount === undefined || Number(amount) === 0 ? undefined : `${amount}${unit.toUpperCase()}`;
  }
  const bytes = number(value);
  if (bytes === undefined) return undefined;
  const unit = [
    ['T', 2 ** 40],
    ['G', 2 ** 30],
    ['M', 2 ** 20],
    ['K', 2 ** 10],
  ].find(([, factor]) => bytes % Number(factor) === 0);
  return unit === undefined ? String(Math.floor(bytes)) : `${bytes / Number(unit[1])}${unit[0]}`;
}

/** A template of systemdspawner, dockerspawner and others: {USERNAME} and {username} are the user; others are unknown. */
export function template(value: Value): string | undefined {
  const found = text(value)?.replaceAll(
    /\{(?:USERNAME|username|unescaped_username|raw_username)\}/g,
    '{username}',
  );
  return found === undefined || /[{}]/.test(found.replaceAll('{username}', '')) ? undefined : found;
}

/** The command, without what belongs to the other spawner. */
export function command(value: Value): readonly string[] | undefined {
  const words = texts(value)?.filter(
    (word) => !/(?:^|\/)(?:batchspawner-singleuser|sudospawner-singleuser)$/.test(word),
  );
  return words === undefined || words.length === 0 ? undefined : words;
}

export function isPlain(value: Value): boolean {
  return isData(value) && codeOf(value) === null;
}
