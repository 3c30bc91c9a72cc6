// Requests, parsed at the edge: names, query and body become typed values or REQUEST_INVALID.
import type { Request } from 'express';
import { z } from 'zod';
import { PortwrapError } from '../../config/errors.ts';
import type { ServerKey } from '../record.ts';
import { type StartRequest, serverName, spawnId, startRequest, userName } from '../start-request.ts';

/** Which server a request is about. */
export function parseKey(request: Request, hub: string): ServerKey {
  const { user, name } = request.params;
  return {
    hub,
    user: parse(userName, user, 'user'),
    name: name === undefined ? '' : parse(serverName, name, 'name'),
  };
}

const queryFlag = z
  .enum(['true', 'false', '1', '0'])
  .default('false')
  .transform((value) => value === 'true' || value === '1');

export function parseStopQuery(request: Request): { spawnId: string | undefined; now: boolean } {
  return { spawnId: parseSpawnId(request), now: parse(queryFlag, request.query.now, 'now') };
}

export function parseSpawnId(request: Request): string | undefined {
  return parse(spawnId.optional(), request.query.spawn_id, 'spawn_id');
}

export function parseStart(request: Request): StartRequest {
  return parse(startRequest, request.body, 'body');
}

/** The message names the field and the rule, never the value: an environment holds secrets. */
function parse<T>(schema: z.ZodType<T>, value: unknown, where: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = [where, ...(issue?.path ?? [])].join('.');
  const unknown = issue?.code === 'unrecognized_keys' ? ` (${issue.keys.join(', ')})` : '';
  throw new PortwrapError(
    'REQUEST_INVALID',
    `${path}: ${issue?.code === 'unrecognized_keys' ? `unknown field${unknown}` : (issue?.message ?? 'is wrong')}`,
  );
}
