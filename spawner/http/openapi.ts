// The OpenAPI 3.1 document, made from the table of operations and from the schemas that check requests.
import { z } from 'zod';
import { type Answer, type Operation, operations, schemas } from './operations.ts';

type Json = Readonly<Record<string, unknown>>;

export function openApiDocument(version: string): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const operation of operations) {
    paths[operation.path] = { ...paths[operation.path], [operation.method]: described(operation) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'portwrap-spawner',
      version,
      description: 'The REST API of the spawner service. Guide: docs/protocol.md.',
      license: { name: 'BSD-3-Clause', identifier: 'BSD-3-Clause' },
    },
    paths,
    components: {
      schemas: Object.fromEntries(
        Object.entries(schemas).map(([name, schema]) => [
          name,
          jsonSchema(schema, name.endsWith('Request') ? 'input' : 'output'),
        ]),
      ),
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'Also as "Authorization: token TOKEN".' },
      },
    },
  };
}

function described({ id, path, summary, access, query, body, answers }: Operation): Json {
  return {
    operationId: path.includes('{name}') ? `${id}Named` : id,
    summary,
    security: access === 'anybody' ? [] : [{ token: [] }],
    parameters: [...pathParameters(path), ...(query === undefined ? [] : queryParameters(query))],
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: reference(body) } } } }),
    responses: {
      ...Object.fromEntries(Object.entries(answers).map(([status, answer]) => [status, response(answer)])),
      default: response({ description: 'An error', schema: 'Error' }),
    },
  };
}

function pathParameters(path: string): Json[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    ...{ name, in: 'path', required: true },
    schema: { type: 'string', minLength: 1, maxLength: 255 },
  }));
}

function queryParameters(query: z.ZodObject): Json[] {
  const { properties = {} } = jsonSchema(query, 'input') as { properties?: Record<string, Json> };
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    ...{ name, in: 'query', required: false },
    ...(description === undefined ? {} : { description }),
    schema,
  }));
}

function response({ description, schema, type = 'application/json' }: Answer): Json {
  return {
    description,
    ...(schema === undefined && type === 'application/json'
      ? {}
      : { content: { [type]: schema === undefined ? {} : { schema: reference(schema) } } }),
  };
}

function reference(name: string): Json {
  const list = /^list of (\w+)$/.exec(name)?.[1];
  if (list !== undefined) return { type: 'array', items: reference(list) };
  return { $ref: `#/components/schemas/${name}` };
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
}
