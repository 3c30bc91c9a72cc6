// Requests, parsed at the edge: names, query and body become typed values or REQUEST_INVALID.
import type { Request } from 'express';
import type { z } from 'zod';
import { PortwrapError } from '../../config/errors.ts';
import { type MaintenanceRequest, maintenanceRequest } from '../maintenance/maintenance.ts';
import type { ServerKey } from '../records/record.ts';
import { type StartRequest, serverName, startRequest, userName } from '../requests/start-request.ts';
import { type ShareRequest, shareRequest } from '../shares/share.ts';

/** Which server a request is about. */
export function parseKey(request: Request, hub: string): ServerKey {
  const { user, name } = request.params;
  return {
    hub,
    user: parse(userName, user, 'user'),
    name: name === undefined ? '' : parse(serverName, name, 'name'),
  };
}

/** Keys that are not known are left alone, as everywhere on the web. */
export function parseQuery<T extends z.ZodType>(schema: T, request: Request): z.output<T> {
  return parse(schema, request.query, 'query');
}

export function parseStart(request: Request): StartRequest {
  return parse(startRequest, request.body, 'body');
}

export function parseMaintenance(request: Request): MaintenanceRequest {
  return parse(maintenanceRequest, request.body, 'body');
}

export function parseShare(request: Request): ShareRequest {
  return parse(shareRequest, request.body, 'body');
}

/** The message names the field and the rule, never the value: an environment holds secrets. */
function parse<T extends z.ZodType>(schema: T, value: unknown, where: string): z.output<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = [where, ...(issue?.path ?? [])].map((key) => String(key).slice(0, 64)).join('.');
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys.join(', ').slice(0, 200) : null;
  throw new PortwrapError(
    'REQUEST_INVALID',
    `${path}: ${unknown === null ? (issue?.message ?? 'is wrong') : `unknown field (${unknown})`}`,
  );
}
