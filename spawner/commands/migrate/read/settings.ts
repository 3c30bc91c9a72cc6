// What the hub's configuration sets, as Python has said it. Not here: reading it (hub-file.ts).
import { z } from 'zod';

/** Of JSON; what is no data in Python is an object with the only key $python, which says what it is. */
export type Value = null | boolean | number | string | readonly Value[] | { readonly [key: string]: Value };

export type Table = { readonly [key: string]: Value };

export const valueSchema: z.ZodType<Value> = z.lazy(() =>
  z.union([
    z.null(),
    z.boolean(),
    z.number(),
    z.string(),
    z.array(valueSchema),
    z.record(z.string(), valueSchema),
  ]),
);

export interface Setting {
  /** The class, as in c.SystemdSpawner; empty: of the file itself. */
  readonly section: string;
  readonly trait: string;
  readonly value: Value;
}

export interface SpawnerClass {
  /** With its module, such as systemdspawner.systemdspawner.SystemdSpawner. */
  readonly name: string;
  /** The names of the class and of its bases, the most special first. */
  readonly mro: readonly string[];
  /** Every trait that can be set, with the class that has it. Empty: the class could not be imported. */
  readonly traits: Readonly<Record<string, string>>;
}

export interface Culler {
  readonly name: string;
  /** Numbers of its command line, by option without dashes. */
  readonly options: Readonly<Record<string, number>>;
  /** Names of its other options. */
  readonly others: readonly string[];
}

export interface HubFile {
  readonly path: string;
  /** spawner_class, as it is written there. */
  readonly spawner: string;
  /** Null: it cannot be imported, for the reason in `why`. */
  readonly spawnerClass: SpawnerClass | null;
  readonly why: string | null;
  /** The classes that WrapSpawner starts, by the text that names them. */
  readonly children: Readonly<Record<string, SpawnerClass>>;
  /** isShown: the value was read; of other settings only the name. */
  readonly settings: readonly (Setting & { readonly isShown: boolean })[];
  readonly cullers: readonly Culler[];
  /** Of the hub's API, as a program of this machine reaches it. */
  readonly apiUrl: string;
  /** The directory of jupyterhub-singleuser beside the hub; null: it is not there. */
  readonly bin: string | null;
}

/** What Python said of a value that is no data, such as "a function"; null: it is data. */
export function codeOf(value: Value): string | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const { $python: kind } = value as { readonly [key: string]: Value };
  return typeof kind === 'string' ? kind : null;
}

/** Whether it is data all through. */
export function isData(value: Value): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return codeOf(value) === null && Object.values(value).every(isData);
}

export function isTable(value: Value): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && codeOf(value) === null;
}
