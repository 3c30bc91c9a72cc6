// The REST API of the service (docs/protocol.md): addresses, who may call them, and what a failure looks like.
// Not here: what a start or a stop does (servers.ts).
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import { PortwrapError, toPortwrapError } from '../../config/errors.ts';
import type { Hub } from '../../config/load.ts';
import type { Logger } from '../../config/logger.ts';
import type { Servers } from '../servers.ts';
import { authenticate } from './authenticate.ts';
import { progressStream } from './progress-stream.ts';
import { serverRoutes } from './server-routes.ts';
import type { Incarnation } from './view.ts';

export interface AppInput {
  readonly servers: Servers;
  readonly hubs: readonly Hub[];
  readonly incarnation: Incarnation;
  readonly version: string;
  /** False until the records of an earlier service have been taken over: nothing is known yet. */
  readonly isReady: () => boolean;
  readonly log: Logger;
}

const bodyLimit = '1mb';

export function createApp(input: AppInput): Express {
  const app = express();
  app.disable('x-powered-by').disable('etag').set('case sensitive routing', true);
  app.get('/api/', (_request, response) => {
    response.json({ name: 'portwrap-spawner', version: input.version });
  });
  const whenReady: RequestHandler = (_request, _response, next) => {
    next(input.isReady() ? undefined : new PortwrapError('STARTING_UP', 'the service is starting up'));
  };
  app.get('/api/health', whenReady, (_request, response) => {
    response.json({ status: 'ok' });
  });
  // the token first: nobody else's body is read
  app.use('/api', authenticate(input.hubs), whenReady, express.json({ limit: bodyLimit, type: () => true }));
  const routes = serverRoutes(input.servers, input.incarnation);
  app.get('/api/users', routes.listUsers);
  app.get('/api/users/:user', routes.showUser);
  for (const path of ['/api/users/:user/server', '/api/users/:user/servers/:name']) {
    app.route(path).post(routes.start).get(routes.show).delete(routes.stop).all(methodNotAllowed);
    app.get(`${path}/progress`, progressStream(input.servers));
  }
  app.use((request, _response, next) => {
    next(new PortwrapError('NOT_FOUND', `there is nothing at ${request.method} ${request.path}`));
  });
  app.use(errorHandler(input));
  return app;
}

const methodNotAllowed: RequestHandler = (request, _response, next) => {
  next(new PortwrapError('METHOD_NOT_ALLOWED', `${request.method} is not possible here`));
};

function errorHandler({ log, incarnation }: AppInput): ErrorRequestHandler {
  return (cause: unknown, request, response, _next) => {
    const error = fromExpress(cause);
    if (error.code === 'INTERNAL')
      log.error({ err: cause, path: request.path }, 'a request failed by a defect');
    if (response.headersSent) return void response.destroy();
    const { code, message, hint, server } = error;
    response.status(error.status).json({
      ...{ code, message, hint },
      ...(server === undefined ? {} : { server }),
      ...(code === 'SERVER_UNKNOWN' ? incarnation : {}),
    });
  };
}

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
