// A profile that the hub offers, in whatever way: a spawner's class with settings of its own. Not here: making them.
import type { Setting, SpawnerClass, Value } from '../read/settings.ts';
import type { Labelled } from '../rules/rule.ts';

export interface Offer {
  readonly name: string;
  /** Null: none but the name. */
  readonly title: string | null;
  readonly description: string;
  readonly spawner: SpawnerClass;
  /** Settings of this profile alone, over those of the file; the section is empty. */
  readonly overrides: readonly Setting[];
  /** The settings of this profile are told as this, and the name: c.ProfilesSpawner.profiles["small"]. */
  readonly label: string;
  readonly options: readonly OfferOption[];
}

/** What users choose in a profile. */
export interface OfferOption {
  /** As the hub's API names it, if ours may be called that. */
  readonly name: string;
  readonly title: string | null;
  readonly choices: readonly OfferChoice[];
  /** A text that users may write instead; null: they may not. */
  readonly text: OfferText | null;
  /** The name of the choice of who chose none. */
  readonly preselected: string;
  readonly label: string;
}

export interface OfferChoice {
  readonly name: string;
  readonly title: string | null;
  readonly description: string;
  /** What it sets, as the overrides of a profile. */
  readonly settings: readonly Setting[];
  readonly label: string;
}

export interface OfferText extends Omit<OfferChoice, 'name'> {
  /** A regular expression, as Python writes it; null: any text. */
  readonly pattern: string | null;
}

export interface Offers {
  /** At least one. */
  readonly offers: readonly Offer[];
  /** What becomes of the settings that the offers are made of, and of parts of them. */
  readonly told: readonly Labelled[];
}

/** The only one of a hub. */
export function single(spawner: SpawnerClass): Offer {
  return { name: 'default', title: null, description: '', spawner, overrides: [], label: '', options: [] };
}

/** A name of the YAML, unlike those that are there. */
export function nameFor(wanted: string, taken: readonly string[]): string {
  const plain = wanted
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 28)
    .replaceAll(/-+$/g, '');
  const base = plain === '' ? 'profile' : plain;
  if (!taken.includes(base)) return base;
  let number = 2;
  while (taken.includes(`${base}-${number}`)) number += 1;
  return `${base}-${number}`;
}

/** One line of at most 80 characters; null: none. */
export function titleOf(value: Value | undefined): string | null {
  const line = typeof value === 'string' ? value.replaceAll(/[\p{Cc}\s]+/gu, ' ').trim() : '';
  return line === '' ? null : line.slice(0, 80);
}

export function descriptionOf(value: Value | undefined): string {
  return typeof value === 'string'
    ? value
        .replaceAll(/[\p{Cc}\s]+/gu, ' ')
        .trim()
        .slice(0, 1000)
    : '';
}

export function settingsOf(table: Readonly<Record<string, Value>>): Setting[] {
  return Object.entries(table).map(([trait, value]) => ({ section: '', trait, value }));
}
