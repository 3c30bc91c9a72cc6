// A deep, frozen copy of plain data, and its type. Not here: class instances, functions, cycles.

/** A copy of `value` in which every object and list is frozen; `value` itself is unchanged. */
export function frozenCopy<T>(value: T): Frozen<T> {
  return frozen(structuredClone(value)) as Frozen<T>;
}

export type Frozen<T> = T extends readonly (infer Item)[]
  ? readonly Frozen<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Frozen<T[Key]> }
    : T;

function frozen(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  for (const part of Object.values(value)) frozen(part);
  return Object.freeze(value);
}
