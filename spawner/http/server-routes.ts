// The requests about servers: start, show, stop, list. Not here: progress (progress-stream.ts).
import type { Request, RequestHandler, Response } from 'express';
import { PortwrapError } from '../../config/errors.ts';
import { type ServerKey, serverLabel } from '../record.ts';
import type { Server } from '../server.ts';
import type { Servers } from '../servers.ts';
import { hubOf } from './authenticate.ts';
import { parseKey, parseSpawnId, parseStart, parseStopQuery } from './parse.ts';
import { type Incarnation, serverView, userView } from './view.ts';

type Handlers = Record<'listUsers' | 'showUser' | 'start' | 'show' | 'stop', RequestHandler>;

export function serverRoutes(servers: Servers, incarnation: Incarnation): Handlers {
  return {
    listUsers(_request, response) {
      const records = servers.ofHub(hubOf(response).name).map(({ record }) => record);
      const users = [...new Set(records.map(({ user }) => user))].sort();
      const ofUser = (user: string) => records.filter((record) => record.user === user);
      response.json(users.map((user) => userView(user, ofUser(user), incarnation)));
    },
    showUser(request, response) {
      const { hub, user } = parseKey(request, hubOf(response).name);
      const records = servers.ofHub(hub).map(({ record }) => record);
      response.json(
        userView(
          user,
          records.filter((record) => record.user === user),
          incarnation,
        ),
      );
    },
    async start(request, response) {
      const hub = hubOf(response);
      const { user, name } = parseKey(request, hub.name);
      const { server, created } = servers.start(hub, user, name, parseStart(request));
      await server.recorded;
      response.status(created ? 202 : 200).json(serverView(server.record, incarnation));
    },
    show(request, response) {
      response.json(serverView(findServer(servers, request, response).record, incarnation));
    },
    async stop(request, response) {
      const { spawnId, now } = parseStopQuery(request);
      await servers.stop(parseKey(request, hubOf(response).name), spawnId, now);
      response.status(204).end();
    },
  };
}

/** The server that a request names. Throws SERVER_UNKNOWN. */
export function findServer(servers: Servers, request: Request, response: Response): Server {
  const key: ServerKey = parseKey(request, hubOf(response).name);
  const server = servers.find(key, parseSpawnId(request));
  if (server === undefined) {
    throw new PortwrapError('SERVER_UNKNOWN', `no server of ${serverLabel(key)} is known`, {
      server: serverLabel(key),
    });
  }
  return server;
}
