// The requests about servers: start, show, stop, list, ports. Not here: progress (progress-stream.ts), log (log-stream.ts).
import type { Request, RequestHandler, Response } from 'express';
import { PortwrapError, toPortwrapError } from '../../config/errors.ts';
import type { Hub } from '../../config/load.ts';
import type { Audit } from '../audit/audit.ts';
import type { Maintenance } from '../maintenance/maintenance.ts';
import type { OfferedPorts } from '../open-ports/offered.ts';
import type { PortLists } from '../open-ports/port-lists.ts';
import { portView } from '../open-ports/port-view.ts';
import { type ServerRecord, serverLabel } from '../records/record.ts';
import type { PersonOf } from '../requests/person.ts';
import type { PortRoutes } from '../routes/ports/port-routes.ts';
import type { Server } from '../servers/server.ts';
import type { Servers } from '../servers/servers.ts';
import type { UsageReadings } from '../usage/cache.ts';
import { callerName, callerOf, configuredHubOf, hubOf } from './caller.ts';
import { queries } from './operations.ts';
import { parseKey, parseQuery, parseStart } from './parse.ts';
import { settingsOf, type Views } from './view.ts';

type Handlers = Record<
  'listServers' | 'listUsers' | 'showUser' | 'start' | 'show' | 'stop' | 'ports',
  RequestHandler
>;

/** Finds the server that a request names, or throws SERVER_UNKNOWN. */
export type FindServer = (request: Request, response: Response) => Server;

export function createFindServer(servers: Servers, hubs: () => readonly Hub[]): FindServer {
  return (request, response) => {
    const key = parseKey(request, hubOf(request, response, hubs()));
    const server = servers.find(key, parseQuery(queries.spawn, request).spawn_id);
    if (server !== undefined) return server;
    const label = serverLabel(key);
    throw new PortwrapError('SERVER_UNKNOWN', `no server of ${label} is known`, { server: label });
  };
}

export interface PortSources {
  readonly ports: PortLists;
  readonly offeredPorts: OfferedPorts;
  readonly portRoutes: Pick<PortRoutes, 'open'>;
}

interface ServerRoutesInput extends PortSources {
  readonly servers: Servers;
  readonly hubs: () => readonly Hub[];
  readonly views: Views;
  readonly find: FindServer;
  readonly personOf: PersonOf;
  readonly usage: Pick<UsageReadings, 'refresh'>;
  readonly maintenance: Pick<Maintenance, 'check'>;
  readonly audit: Pick<Audit, 'record'>;
}

export function serverRoutes(input: ServerRoutesInput): Handlers {
  const { servers, hubs, views, find, personOf, usage, maintenance, audit } = input;
  /** Their records as they are when their usage has been read. */
  const measured = async (listed: readonly Server[]): Promise<readonly ServerRecord[]> => {
    await usage.refresh(listed.map(({ record }) => record));
    return listed.map(({ record }) => record);
  };
  return {
    async listServers(request, response) {
      const { hub } = parseQuery(queries.scope, request);
      const scope = callerOf(response).hub ?? hub;
      response.json((await measured(servers.list(scope))).map((record) => views.server(record)));
    },
    async listUsers(request, response) {
      const records = await measured(servers.list(hubOf(request, response, hubs())));
      const byUser = new Map<string, ServerRecord[]>();
      for (const record of records) byUser.set(record.user, [...(byUser.get(record.user) ?? []), record]);
      const users = [...byUser].sort(([a], [b]) => (a < b ? -1 : 1));
      response.json(users.map(([user, theirs]) => views.user(user, theirs)));
    },
    async showUser(request, response) {
      const { hub, user } = parseKey(request, hubOf(request, response, hubs()));
      const theirs = servers.list(hub).filter(({ record }) => record.user === user);
      response.json(views.user(user, await measured(theirs)));
    },
    async start(request, response) {
      const hub = configuredHubOf(request, response, hubs());
      const key = parseKey(request, hub.name);
      const asked = parseStart(request);
      const { spawn_id, profile = null, user_options: choices } = asked;
      const entry = { event: 'start', by: callerName(response), ...key, spawn_id, profile, choices } as const;
      try {
        // an administrator tries the machine before users may; a start that has begun may be sent again
        const isExempt = callerOf(response).isAdmin || servers.find(key, spawn_id) !== undefined;
        if (!isExempt) maintenance.check(serverLabel(key));
        const person = await personOf(key.user, asked.groups);
        const { server, created } = servers.start(hub, person, key.name, asked);
        await server.recorded;
        audit.record({ ...entry, ...inForce(server.record), result: created ? 'accepted' : 'repeated' });
        response.status(created ? 202 : 200).json(views.server(server.record));
      } catch (error) {
        const { code, message } = toPortwrapError(error);
        audit.record({ ...entry, result: code, reason: message });
        throw error;
      }
    },
    async show(request, response) {
      const server = find(request, response);
      await usage.refresh([server.record]);
      response.json(views.server(server.record));
    },
    async stop(request, response) {
      const { spawn_id, now } = parseQuery(queries.stop, request);
      const key = parseKey(request, hubOf(request, response, hubs()));
      const found = servers.find(key, spawn_id)?.record;
      if (found !== undefined) {
        audit.record({ event: 'stop', by: callerName(response), ...key, spawn_id: found.spawn_id, now });
      }
      await servers.stop(key, spawn_id, now);
      response.status(204).end();
    },
    async ports(request, response) {
      const { record } = find(request, response);
      const addressOf = record.state === 'ready' ? input.offeredPorts(record) : null;
      const open = await input.ports.of(record, { asks: addressOf !== null, patience: portPatience });
      const views = open.map((port) => portView(port, addressOf));
      const atHosts = views.filter(({ url }) => url !== null).map(({ port }) => port);
      await input.portRoutes.open(record, atHosts);
      response.json(views);
    },
  };
}

/** What came of the choices: the profile, the value of each option, and what the server may use. */
function inForce(record: ServerRecord) {
  const { profile, limits, gpus } = record;
  return { profile, settings: settingsOf(record), limits: { ...limits, gpus } };
}

/** Milliseconds for programs to respond: enough for some dozens of them. */
const portPatience = 8_000;
