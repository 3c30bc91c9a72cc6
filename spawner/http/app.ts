// The REST API of the service (docs/protocol.md), from the table of operations: who may call, when, and what a
// failure looks like. Not here: what a start or a stop does (servers/servers.ts).
import { parse as parseQueryString } from 'node:querystring';
import express, { type ErrorRequestHandler, type Express, type Request, type RequestHandler } from 'express';
import { PortwrapError, toPortwrapError } from '../../config/errors.ts';
import type { Config, Hub, Profile } from '../../config/load.ts';
import type { Logger } from '../../config/logger.ts';
import type { Audit } from '../audit/audit.ts';
import type { ActivityView } from '../culling/activity.ts';
import type { HealthReport } from '../health/health.ts';
import type { LogReader } from '../logs/reader.ts';
import type { Maintenance } from '../maintenance/maintenance.ts';
import type { PersonOf } from '../requests/person.ts';
import type { Servers } from '../servers/servers.ts';
import type { Shares } from '../shares/shares.ts';
import type { UsageReadings } from '../usage/cache.ts';
import { adminOnly, authenticate } from './caller.ts';
import { healthAnswer } from './health-answer.ts';
import { logStream } from './log-stream.ts';
import { openApiDocument } from './openapi.ts';
import { type Operation, type OperationId, operations } from './operations.ts';
import { parseMaintenance } from './parse.ts';
import { profileList } from './profile-list.ts';
import { progressStream } from './progress-stream.ts';
import { protocol, supportedProtocol } from './protocol.ts';
import { createFindServer, type PortSources, serverRoutes } from './server-routes.ts';
import { shareRoutes } from './shares/share-routes.ts';
import { createViews, type ServiceIdentity } from './view.ts';

export interface AppInput extends PortSources {
  readonly servers: Servers;
  readonly hubs: () => readonly Hub[];
  readonly profiles: () => readonly Profile[];
  readonly gpus: () => Config['gpus'];
  readonly personOf: PersonOf;
  readonly adminToken: string;
  /** Where servers of this machine are forwarded. */
  readonly hostAddress: string;
  readonly serviceIdentity: ServiceIdentity;
  readonly version: string;
  readonly logs: LogReader;
  /** What is known of the activity of the server with that record. */
  readonly activityOf: (id: string) => ActivityView;
  readonly usage: UsageReadings;
  /** False until the records of an earlier service have been taken over: nothing is known yet. */
  readonly isReady: () => boolean;
  /** What is wrong with this machine. */
  readonly health: () => Promise<HealthReport>;
  /** Reads the configuration again; settles with what came of it. */
  readonly reload: () => Promise<object>;
  readonly metrics: () => Promise<string>;
  readonly maintenance: Maintenance;
  readonly shares: Shares;
  readonly audit: Pick<Audit, 'record'>;
  readonly log: Logger;
}

const bodyLimit = '1mb';
/** More than the schemas allow, so that it is they who refuse, and nothing is cut off in silence. */
const mostQueryKeys = 2_000;

export function createApp(input: AppInput): Express {
  const app = express();
  app.disable('x-powered-by').disable('etag').set('case sensitive routing', true);
  app.set('query parser', (text: string) => parseQueryString(text, '&', '=', { maxKeys: mostQueryKeys }));
  const handlers = handlersOf(input);
  const known = authenticate(input.hubs, input.adminToken);
  const body = express.json({ limit: bodyLimit, type: () => true });
  const guards = ({ id, access, whenReady, body: takesBody }: Operation): RequestHandler[] => [
    ...(access === 'anybody' ? [] : [known]), // the token first: nobody else's body is read
    ...(access === 'admin' ? [adminOnly] : []),
    ...(whenReady ? [readyOnly(input.isReady)] : []),
    ...(id === 'start' ? [supportedProtocol] : []),
    ...(takesBody === undefined ? [] : [body]),
  ];
  for (const operation of operations) {
    app[operation.method](pathPattern(operation.path), ...guards(operation), handlers[operation.id]);
  }
  // an address that there is, with another method
  for (const path of new Set(operations.map((operation) => operation.path))) {
    app.route(pathPattern(path)).all(known, methodNotAllowed);
  }
  app.use('/api', known);
  app.use((request, _response, next) => {
    next(new PortwrapError('NOT_FOUND', `${request.method} ${request.path} does not exist`));
  });
  app.use(errorHandler(input));
  return app;
}

/** `/users/{user}` as express writes it. */
export function pathPattern(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1');
}

function handlersOf(input: AppInput): Record<OperationId, RequestHandler> {
  const document = openApiDocument(input.version);
  const find = createFindServer(input.servers, input.hubs);
  const views = createViews(input);
  const ok: RequestHandler = (_request, response) => void response.json({ status: 'ok' });
  return {
    about: (_request, response) => {
      response.json({ name: 'portwrap-spawner', version: input.version, protocol });
    },
    async health(_request, response) {
      const { status, body } = healthAnswer(await input.health());
      response.status(status).json(body);
    },
    live: ok,
    ready: ok,
    openapi: (_request, response) => void response.json(document),
    async metrics(_request, response) {
      response.type('text/plain; version=0.0.4; charset=utf-8').send(await input.metrics());
    },
    async reload(_request, response) {
      response.json(await reload(input));
    },
    ...maintenanceRoutes(input),
    ...serverRoutes({ ...input, views, find }),
    ...shareRoutes(find, input.shares),
    listProfiles: profileList(input),
    progress: progressStream(find),
    log: logStream(find, input.logs),
  };
}

async function reload({ reload: readAgain, audit }: AppInput): Promise<object> {
  const entry = { event: 'reload', by: 'administrator' } as const;
  try {
    const outcome = await readAgain();
    audit.record({ ...entry, result: 'done' });
    return outcome;
  } catch (error) {
    audit.record({ ...entry, result: toPortwrapError(error).code });
    throw error;
  }
}

function maintenanceRoutes({
  maintenance,
  audit,
}: Pick<AppInput, 'maintenance' | 'audit'>): Record<
  'showMaintenance' | 'beginMaintenance' | 'endMaintenance',
  RequestHandler
> {
  const entry = { event: 'maintenance', by: 'administrator' } as const;
  return {
    showMaintenance: (_request, response) => void response.json(maintenance.view()),
    async beginMaintenance(request, response) {
      await maintenance.begin(parseMaintenance(request));
      const { state: _state, message, ...times } = maintenance.view();
      audit.record({ ...entry, result: 'begun', message: message ?? '', ...times });
      response.json(maintenance.view());
    },
    async endMaintenance(_request, response) {
      await maintenance.end();
      audit.record({ ...entry, result: 'ended' });
      response.status(204).end();
    },
  };
}

function readyOnly(isReady: () => boolean): RequestHandler {
  return (_request, _response, next) => {
    next(isReady() ? undefined : new PortwrapError('STARTING_UP', 'the service is starting up'));
  };
}

const methodNotAllowed: RequestHandler = (request, _response, next) => {
  next(new PortwrapError('METHOD_NOT_ALLOWED', `the method ${request.method} is not allowed here`));
};

function errorHandler({ log, serviceIdentity }: AppInput): ErrorRequestHandler {
  return (cause: unknown, request, response, _next) => {
    const error = fromExpress(cause);
    tell(log, request, error, cause);
    if (response.headersSent) return void response.destroy();
    const { code, message, hint, server } = error;
    response.status(error.status).json({
      ...{ code, message, hint },
      ...(server === undefined ? {} : { server }),
      ...(code === 'SERVER_UNKNOWN' ? serviceIdentity : {}),
    });
  };
}

/** Logs errors of the service and refused starts. The response has everything else. */
function tell(
  log: Logger,
  request: Request,
  { code, status, message, hint }: PortwrapError,
  cause: unknown,
): void {
  const entry = { code, reason: message, hint, method: request.method, path: request.path };
  if (code === 'INTERNAL') log.error({ ...entry, err: cause }, 'internal error while handling a request');
  else if (status >= 500 && code !== 'STARTING_UP') log.error(entry, 'a request failed');
  else if (isStart(request) && !quiet.has(code)) log.warn(entry, 'a start was refused');
}

function isStart({ method, path }: Request): boolean {
  return method === 'POST' && path.startsWith('/api/users/');
}

/** Not logged: ordinary refusals, and requests of unknown callers. */
const quiet: ReadonlySet<string> = new Set([
  ...['SPAWN_CONFLICT', 'SPAWN_CANCELLED', 'STARTING_UP'],
  ...['UNAUTHORIZED', 'NOT_FOUND', 'METHOD_NOT_ALLOWED'],
]);

/** What express itself refuses (body-parser, router) has a status and a type, not a code of ours. */
function fromExpress(cause: unknown): PortwrapError {
  const { status, type } = (cause ?? {}) as { status?: unknown; type?: unknown };
  if (cause instanceof PortwrapError || typeof status !== 'number' || status >= 500)
    return toPortwrapError(cause);
  if (type === 'entity.too.large') {
    return new PortwrapError('REQUEST_TOO_LARGE', `the body is larger than ${bodyLimit}`);
  }
  const what = type === 'entity.parse.failed' ? 'the body is not JSON' : 'the request is malformed';
  return new PortwrapError('REQUEST_INVALID', what, { cause });
}
