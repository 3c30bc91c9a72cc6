// The keys of the configuration as a tree for documentation: name, type in words, default, help.
// Generated from the JSON schema. Not here: rendering.
import { z } from 'zod';

type JsonSchema = z.core.JSONSchema.BaseSchema;

export interface Key {
  readonly name: string;
  readonly help: string;
  /** In words, with limits and choices: `whole number, 1 to 65535`. */
  readonly type: string;
  /** `undefined`: no default; the key is required or optional. */
  readonly default: unknown;
  readonly required: boolean;
  /** Example values. */
  readonly examples: readonly unknown[];
  /** The keys of its mapping, if it is a mapping, a mapping or null, or a list of mappings. */
  readonly keys: readonly Key[];
  readonly isList: boolean;
}

/** Every direct key of the mapping that `schema` describes. */
export function keysOf(schema: JsonSchema): Key[] {
  return Object.entries(schema.properties ?? {}).map(([name, property]) => {
    const key = described(property);
    const value = withoutNull(key);
    const isList = value.type === 'array';
    return {
      name,
      help: key.description ?? '',
      type: value === key ? typeOf(key) : `${typeOf(value)}, or null`,
      default: key.default,
      required: schema.required?.includes(name) ?? false,
      examples: key.examples ?? [],
      keys: keysOf(isList ? mappingOf(itemOf(value)) : value),
      isList,
    };
  });
}

/** The JSON schema of the input (before transforms). */
export function writtenForm(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, {
    io: 'input',
    // zod drops examples and default of a schema that transforms; ours are input values
    override({ zodSchema, jsonSchema }) {
      const meta = z.globalRegistry.get(zodSchema);
      if (Array.isArray(meta?.examples)) jsonSchema.examples = meta.examples;
      if (meta?.default !== undefined) jsonSchema.default = meta.default;
    },
  });
}

function typeOf(schema: JsonSchema): string {
  if (Array.isArray(schema.type)) return wordsOfUnion(schema.type.map((type) => ({ ...schema, type })));
  if (schema.anyOf !== undefined) return wordsOfUnion(schema.anyOf.map(described));
  if (schema.enum !== undefined) return `one of ${schema.enum.join(', ')}`;
  switch (schema.type) {
    case 'string':
      return 'text';
    case 'boolean':
      return 'true or false';
    case 'integer':
      return `whole number, ${schema.minimum} to ${schema.maximum}`;
    case 'number':
      return schema.minimum === undefined ? 'number' : `number, ${schema.minimum} to ${schema.maximum}`;
    case 'array':
      return `list of ${typeOf(itemOf(schema)).replace('number', 'numbers')}`;
    case 'object':
      return schema.properties === undefined ? 'mapping of names to text' : 'mapping';
    default:
      throw new Error(`no words for the type ${String(schema.type)}`);
  }
}

function wordsOfUnion(choices: readonly JsonSchema[]): string {
  return choices.map((choice) => (choice.type === 'null' ? 'null' : typeOf(choice))).join(', or ');
}

function itemOf({ items }: JsonSchema): JsonSchema {
  return Array.isArray(items) ? {} : described(items);
}

/** Of an item that may be text or a mapping: the mapping. */
function mappingOf(item: JsonSchema): JsonSchema {
  return item.anyOf?.map(described).find(({ properties }) => properties !== undefined) ?? item;
}

function withoutNull(schema: JsonSchema): JsonSchema {
  if (Array.isArray(schema.type)) {
    const [only, ...others] = schema.type.filter((type: string) => type !== 'null');
    return others.length === 0 && only !== undefined ? { ...schema, type: only } : schema;
  }
  const choices = schema.anyOf?.map(described).filter(({ type }) => type !== 'null');
  const [only] = choices ?? [];
  return choices?.length === 1 && only !== undefined ? only : schema;
}

function described(schema: JsonSchema | boolean | undefined): JsonSchema {
  return typeof schema === 'object' ? schema : {};
}
