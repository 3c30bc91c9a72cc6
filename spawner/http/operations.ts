// Every operation of the API: what it does, who may call it, its parameters and responses. The routes (app.ts),
// the parsing (parse.ts) and the OpenAPI document (openapi.ts) are made from this table.
import { z } from 'zod';
import { maintenanceRequest, maintenanceView } from '../maintenance/maintenance.ts';
import { portSchema } from '../open-ports/port-view.ts';
import { groupName, spawnId, startRequest } from '../requests/start-request.ts';
import { shareRequest, shareView } from '../shares/share.ts';
import { healthErrorSchema, healthSchema } from './health-answer.ts';
import { offeredProfileSchema } from './profile-view.ts';
import { errorAnswerSchema, progressEventSchema, serverSchema, userSchema } from './view.ts';

/** The schemas that have a name in the document. */
export const schemas = {
  Server: serverSchema,
  User: userSchema,
  StartRequest: startRequest,
  Profile: offeredProfileSchema,
  Port: portSchema,
  Share: shareView,
  ShareRequest: shareRequest,
  ProgressEvent: progressEventSchema,
  Error: errorAnswerSchema,
  Health: healthSchema,
  HealthError: healthErrorSchema,
  Maintenance: maintenanceView,
  MaintenanceRequest: maintenanceRequest,
} as const;

const queryFlag = z
  .enum(['true', 'false', '1', '0'])
  .default('false')
  .transform((value) => value === 'true' || value === '1');

const hub = z.string().max(32).optional().meta({ description: 'For the administrator: which hub.' });
const spawn = z.object({
  hub,
  spawn_id: spawnId
    .optional()
    .meta({ description: 'Only the server with this spawn id; another one counts as not known.' }),
});

export const queries = {
  spawn,
  stop: spawn.extend({
    now: queryFlag.meta({ description: 'Kill the processes at once, without a grace period.' }),
  }),
  log: spawn.extend({
    tail: z.coerce
      .number()
      .int()
      .min(0)
      .max(10_000)
      .default(100)
      .meta({ description: 'Number of lines from the end.' }),
    follow: queryFlag.meta({ description: 'Keep sending new output until the server has ended.' }),
  }),
  scope: z.object({ hub }),
  person: z.object({
    hub,
    group: z
      .union([groupName.transform((name) => [name]), z.array(groupName).max(1024)])
      .default([])
      .meta({ description: 'A group of the user, as the hub knows it; may be repeated.' }),
  }),
} as const;

export type Access = 'anybody' | 'hub' | 'admin';

export interface Operation {
  readonly id: OperationId;
  readonly method: 'get' | 'post' | 'delete';
  /** With {user} and {name}. */
  readonly path: string;
  readonly summary: string;
  readonly access: Access;
  /** Answered with 503 STARTING_UP until the records have been read. */
  readonly whenReady: boolean;
  readonly query?: z.ZodObject;
  readonly body?: keyof typeof schemas;
  readonly answers: Readonly<Record<number, Answer>>;
}

export interface Answer {
  readonly description: string;
  readonly schema?:
    | keyof typeof schemas
    | 'list of User'
    | 'list of Server'
    | 'list of Profile'
    | 'list of Port'
    | 'list of Share';
  /** Default: application/json. */
  readonly type?: string;
}

export const operationIds = [
  'about',
  'health',
  'live',
  'ready',
  'openapi',
  'metrics',
  'listServers',
  'listUsers',
  'showUser',
  'listProfiles',
  'reload',
  'showMaintenance',
  'beginMaintenance',
  'endMaintenance',
  'start',
  'show',
  'stop',
  'progress',
  'log',
  'ports',
  'listShares',
  'share',
  'unshare',
] as const;
export type OperationId = (typeof operationIds)[number];

const unknown: Answer = { description: 'SERVER_UNKNOWN', schema: 'Error' };

const single: readonly Operation[] = [
  operation('about', 'get', '/api/', 'Name and version of the service', 'anybody', {
    200: { description: 'Name and version' },
  }),
  operation('health', 'get', '/api/health', 'Health of the service and its machine', 'anybody', {
    200: {
      description: 'ok, or degraded: something is wrong, and servers can still be started',
      schema: 'Health',
    },
    503: {
      description: 'failing: no server can be started, and the first reason is the error; or STARTING_UP',
      schema: 'HealthError',
    },
  }),
  operation('live', 'get', '/api/health/live', 'Liveness', 'anybody', {
    200: { description: 'The service runs' },
  }),
  operation('ready', 'get', '/api/health/ready', 'Readiness', 'anybody', {
    200: { description: 'The records have been read; also while the health is degraded or failing' },
    503: { description: 'STARTING_UP', schema: 'Error' },
  }),
  operation('openapi', 'get', '/api/openapi.json', 'This document', 'anybody', {
    200: { description: 'OpenAPI 3.1' },
  }),
  operation('metrics', 'get', '/metrics', 'Metrics for Prometheus', 'hub', {
    200: { description: 'Prometheus text format', type: 'text/plain' },
  }),
  {
    ...operation(
      'listServers',
      'get',
      '/api/servers',
      'All servers of the hub; for the administrator, of all hubs',
      'hub',
      {
        200: { description: 'Servers', schema: 'list of Server' },
      },
    ),
    query: queries.scope,
  },
  {
    ...operation('listUsers', 'get', '/api/users', 'All users with servers', 'hub', {
      200: { description: 'Users', schema: 'list of User' },
    }),
    query: queries.scope,
  },
  {
    ...operation('showUser', 'get', '/api/users/{user}', "One user's servers", 'hub', {
      200: { description: 'The user; without servers if none is known', schema: 'User' },
    }),
    query: queries.scope,
  },
  {
    ...operation(
      'listProfiles',
      'get',
      '/api/users/{user}/profiles',
      'Profiles that this user may start',
      'hub',
      {
        200: { description: 'Profiles, the default one first', schema: 'list of Profile' },
      },
    ),
    query: queries.person,
  },
  operation('reload', 'post', '/api/reload', 'Reload the configuration', 'admin', {
    200: { description: 'The keys that changed, and those that need a restart' },
    500: { description: 'CONFIG_INVALID: the old configuration is kept', schema: 'Error' },
  }),
  operation('showMaintenance', 'get', '/api/maintenance', 'Whether servers may be started', 'hub', {
    200: { description: 'The maintenance that is on or planned', schema: 'Maintenance' },
  }),
  {
    ...operation('beginMaintenance', 'post', '/api/maintenance', 'Start no new servers', 'admin', {
      200: { description: 'The maintenance, in place of an earlier one', schema: 'Maintenance' },
      507: { description: 'STORAGE_FAILED: nothing has changed', schema: 'Error' },
    }),
    body: 'MaintenanceRequest',
  },
  operation('endMaintenance', 'delete', '/api/maintenance', 'Start servers again', 'admin', {
    204: { description: 'No maintenance is on or planned' },
  }),
];

/** The default server and named ones have the same operations. */
const ofServer: readonly Operation[] = [
  '/api/users/{user}/server',
  '/api/users/{user}/servers/{name}',
].flatMap((path) => [
  {
    ...operation('start', 'post', path, 'Start the server', 'hub', {
      202: { description: 'The start has begun', schema: 'Server' },
      200: { description: 'This spawn id has already been started', schema: 'Server' },
      409: { description: 'SPAWN_CONFLICT, SPAWN_CANCELLED', schema: 'Error' },
      429: { description: 'LIMIT_REACHED', schema: 'Error' },
      503: { description: 'MAINTENANCE, STARTING_UP', schema: 'Error' },
    }),
    query: queries.scope,
    body: 'StartRequest',
  },
  {
    ...operation('show', 'get', path, 'Show the server', 'hub', {
      200: { description: 'The server', schema: 'Server' },
      404: unknown,
    }),
    query: queries.spawn,
  },
  {
    ...operation('stop', 'delete', path, 'Stop the server; the response follows when it has ended', 'hub', {
      204: { description: 'The server has ended, or is not known' },
    }),
    query: queries.stop,
  },
  {
    ...operation(
      'progress',
      'get',
      `${path}/progress`,
      'Progress events of the start, after Last-Event-ID',
      'hub',
      {
        200: { description: 'Events', schema: 'ProgressEvent', type: 'text/event-stream' },
        404: unknown,
      },
    ),
    query: queries.spawn,
  },
  {
    ...operation('log', 'get', `${path}/log`, 'Output of the server', 'hub', {
      200: { description: 'Lines', type: 'text/plain' },
      404: unknown,
    }),
    query: queries.log,
  },
  {
    ...operation(
      'ports',
      'get',
      `${path}/ports`,
      'TCP ports that are open inside; the programs behind them are asked for their pages',
      'hub',
      {
        200: { description: 'Ports, those with pages first', schema: 'list of Port' },
        404: unknown,
      },
    ),
    query: queries.spawn,
  },
  {
    ...operation('listShares', 'get', `${path}/shares`, 'Ports that are shared with others', 'hub', {
      200: { description: 'Shared ports', schema: 'list of Share' },
      404: unknown,
    }),
    query: queries.spawn,
  },
  {
    ...operation('share', 'post', `${path}/shares`, 'Share a port with others until a time', 'hub', {
      201: { description: 'The port is shared', schema: 'Share' },
      403: { description: 'SHARE_REFUSED', schema: 'Error' },
      404: unknown,
      507: { description: 'STORAGE_FAILED: nothing is shared', schema: 'Error' },
    }),
    query: queries.spawn,
    body: 'ShareRequest',
  },
  {
    ...operation(
      'unshare',
      'delete',
      `${path}/shares/{id}`,
      'Revoke a shared port, also in open pages',
      'hub',
      {
        204: { description: 'It is not shared any more' },
        404: { description: 'SERVER_UNKNOWN, NOT_FOUND', schema: 'Error' },
      },
    ),
    query: queries.spawn,
  },
]);

export const operations: readonly Operation[] = [...single, ...ofServer];

function operation(
  id: OperationId,
  method: Operation['method'],
  path: string,
  summary: string,
  access: Access,
  answers: Operation['answers'],
): Operation {
  const early = ['about', 'live', 'openapi', 'metrics', 'listProfiles'].includes(id);
  return { id, method, path, summary, access, answers, whenReady: !early };
}
