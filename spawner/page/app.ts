// The page for people, as a service of a JupyterHub: what is at which address, who may see it, what a failure looks
// like. It knows servers and never speaks the protocol of hubs (http/). Not here: the pages' contents.
import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
} from 'express';
import { PortwrapError, toPortwrapError } from '../../config/errors.ts';
import type { AdminPage, Hub } from '../../config/load.ts';
import type { Logger } from '../../config/logger.ts';
import type { Audit } from '../audit/audit.ts';
import { askedAt } from '../hubs/api-address.ts';
import { basePath, pagePath } from '../hubs/page-path.ts';
import type { LogReader } from '../logs/reader.ts';
import type { MaintenanceView } from '../maintenance/maintenance.ts';
import type { OfferedPorts } from '../open-ports/offered.ts';
import type { PortLists } from '../open-ports/port-lists.ts';
import { serverLabel } from '../records/record.ts';
import type { Relays } from '../relays/relays.ts';
import type { PortHosts } from '../routes/ports/port-hosts.ts';
import type { PortRoutes } from '../routes/ports/port-routes.ts';
import type { Routes } from '../routes/routes.ts';
import type { Server } from '../servers/server.ts';
import type { Servers } from '../servers/servers.ts';
import type { Shares } from '../shares/shares.ts';
import type { UsageReadings } from '../usage/cache.ts';
import { createHubIdentity } from './auth/hub-identity.ts';
import { ownForm } from './auth/own-form.ts';
import { securityHeaders } from './auth/security-headers.ts';
import { createSessions, type Session } from './auth/sessions.ts';
import { createSignIn, sessionOf } from './auth/sign-in.ts';
import { createPortAccess } from './links/access.ts';
import { createGateway, type Gateway } from './links/gateway.ts';
import { createHostSignIn } from './links/host-sign-in.ts';
import { createOpenPort } from './links/open-port.ts';
import { createPageOrigin } from './links/page-origin.ts';
import { createPortCodes } from './links/port-codes.ts';
import { sendLog } from './log-stream.ts';
import { createLogCleaner } from './log-text.ts';
import { createSharingForms } from './sharing-forms.ts';
import { staticFiles } from './static-files.ts';
import { type Site, sendPage } from './views/layout.ts';
import { keepOpenPorts } from './views/open-ports.ts';
import { problemPage } from './views/problem-page.ts';
import { createGatherFacts, type Sources } from './views/server-facts.ts';
import { serverPage } from './views/server-page.ts';
import { type ListQuery, serversPage, sortKeys } from './views/servers-page.ts';

export interface Page {
  readonly app: Express;
  /** null: ports are not opened to browsers. */
  readonly gateway: Gateway | null;
}

export interface PageInput extends Sources {
  /** Connections into servers; null: ports are not opened to browsers. */
  readonly relays: Relays | null;
  readonly offeredPorts: OfferedPorts;
  /** null: ports are paths on the host of the hub. */
  readonly portHosts: PortHosts | null;
  readonly portRoutes: Pick<PortRoutes, 'open'>;
  /** All entries of the proxy. */
  readonly routeTable: Routes['table'];
  readonly ports: PortLists;
  readonly shares: Shares;
  readonly page: AdminPage;
  readonly hub: Hub;
  readonly servers: Servers;
  readonly logs: LogReader;
  readonly usage: UsageReadings;
  readonly maintenance: () => MaintenanceView;
  readonly audit: Pick<Audit, 'record'>;
  /** False until the records of an earlier service have been taken over. */
  readonly isReady: () => boolean;
  readonly version: string;
  readonly log: Logger;
}

const logLines = 300;

export function createPage(input: PageInput): Page {
  const { servers, logs, log, usage } = input;
  const site = siteOf(input);
  const { prefix } = site;
  const gather = createGatherFacts(input);
  const openPorts = keepOpenPorts();
  const sessions = createSessions();
  const { service_name: serviceName, token, hub_url: hubUrl } = input.page;
  const { hubPages } = site;
  const hub = createHubIdentity({ apiUrl: askedAt(input.hub), serviceName, token, hubPages });
  const signed = (event: 'sign-in' | 'sign-out', { person }: Session) =>
    input.audit.record({ event, by: `user ${person.name}`, hub: input.hub.name, admin: person.isAdmin });
  const { guard, confirmed, callback, signOut } = createSignIn({
    signed,
    ...{ hub, sessions, prefix, logoutUrl: `${hubPages}logout` },
    // the hub completes a path with its own host; the page's is known by who asks for it
    callbackOf: (request) => `${hubUrl === null ? '' : originOf(request)}${prefix}oauth_callback`,
  });

  const { portHosts: hosts, offeredPorts, portRoutes, ports, shares } = input;
  const access = createPortAccess({ sessions, confirmed, letIn: shares.letIn, hosts });
  const codes = createPortCodes();
  const records = () => servers.list(input.hub.name).map(({ record }) => record);
  const signInPath = `${prefix}open-port`;
  const hostParts = (own: PortHosts) => {
    const pageOrigin = createPageOrigin({ hosts: own, table: input.routeTable, service: serviceName });
    const signIn = createHostSignIn({ hosts: own, codes, sessions, access, pageOrigin, signInPath });
    return { hosts: own, signIn, pageOrigin };
  };
  const gateway =
    input.relays === null
      ? null
      : createGateway({
          ...{ records, access, log, relays: input.relays, signInPath },
          isOffered: (record) => offeredPorts(record) !== null,
          atHosts: hosts === null ? null : hostParts(hosts),
        });

  shares.onRevoke(() => gateway?.checkNow());
  const opening = createOpenPort({
    ...{ records, site, access, shares, offeredPorts, portRoutes, hosts, codes, ports },
  });

  const visibleTo = ({ person }: Session): Server[] =>
    servers.list(input.hub.name).filter(({ record }) => person.isAdmin || record.user === person.name);

  /** One that this person may not see is not there. */
  const find = (id: unknown, session: Session): Server => {
    const server = visibleTo(session).find(({ record }) => record.id === id);
    if (server !== undefined) return server;
    throw new PortwrapError('SERVER_UNKNOWN', 'this server does not exist any more', {
      hint: 'It was stopped or started again. See the list of servers.',
    });
  };

  const sharingForms = createSharingForms({
    shares,
    find: (request, response) => find(request.params.id, sessionOf(response)).record,
    pageOf: ({ id }) => `${prefix}servers/${id}`,
  });

  const showServers: RequestHandler = async (request, response) => {
    const session = sessionOf(response);
    const visible = visibleTo(session);
    await usage.refresh(visible.map(({ record }) => record));
    const main = serversPage({
      ...{ site, query: listQuery(request.query), now: Date.now(), maintenance: input.maintenance() },
      servers: visible.map(gather),
      portsOf: ({ record }) => openPorts.of(record),
      ownPorts: await opening.ownPorts(session),
      sharedPorts: await opening.sharedPorts(session),
      isAdmin: session.person.isAdmin,
    });
    sendPage(site, response, { title: session.person.isAdmin ? 'Servers' : 'Your servers', main, session });
  };

  const showServer: RequestHandler = async (request, response) => {
    const session = sessionOf(response);
    const server = find(request.params.id, session);
    await usage.refresh([server.record]);
    const { text, position } = logs.tail(server.record.id, logLines);
    const main = serverPage({
      ...{ site, server, session, logPosition: position, now: Date.now() },
      facts: gather(server),
      ports: await opening.portsOf(session, server.record),
      sharing: sharingForms.sharingOf(session, server.record),
      log: createLogCleaner()(text),
    });
    sendPage(site, response, { title: serverLabel(server.record), main, session });
  };

  const stop: RequestHandler = (request, response) => {
    const session = sessionOf(response);
    const server = find(request.params.id, session);
    const { user, spawn_id } = server.record;
    log.info({ user, spawn_id, by: session.person.name }, 'stopped from the admin page');
    const now = (request.body as { now?: unknown }).now === 'true';
    const { hub: hubName, name } = server.record;
    const by = `user ${session.person.name}`;
    input.audit.record({ event: 'stop', by, hub: hubName, user, name, spawn_id, now });
    const who = session.person.name === user ? 'its user' : 'an administrator';
    // the record stays, so that its hub learns how the server ended
    void server.stop(now, new PortwrapError('SERVER_STOPPED', `the server was stopped by ${who}`));
    response.redirect(303, `${prefix}servers/${server.record.id}`);
  };

  const app = express();
  app.disable('x-powered-by').disable('etag').set('case sensitive routing', true);
  // whether the browser's side is https is known to the proxies only: the first one is nearest to it
  app.set('trust proxy', true);
  app.use(securityHeaders(hubUrl));
  const pages = express.Router({ caseSensitive: true, strict: true });
  const form = [express.urlencoded({ extended: false, limit: '4kb' }), ownForm];
  pages.get('/static/:name', staticFiles());
  pages.use(readyOnly(input.isReady));
  pages.get('/oauth_callback', callback);
  pages.use(guard);
  pages.get('/open-port', opening.openPort);
  pages.post('/open-port', ...form, opening.visitPort);
  pages.get('/', showServers);
  pages.get('/servers/:id', showServer);
  pages.get('/servers/:id/log', (request, response) =>
    sendLog(find(request.params.id, sessionOf(response)), logs, request, response),
  );
  pages.post('/servers/:id/stop', ...form, stop);
  pages.post('/servers/:id/shares', ...form, sharingForms.add);
  pages.post('/servers/:id/shares/revoke', ...form, sharingForms.revoke);
  pages.post('/sign-out', ...form, signOut);
  app.get(prefix.slice(0, -1), (request, response, next) => {
    if (request.path.endsWith('/')) next();
    else response.redirect(302, prefix);
  });
  app.use(prefix, pages);
  app.use((_request, _response, next) => {
    next(new PortwrapError('NOT_FOUND', 'this page does not exist', { hint: 'Go to the list of servers.' }));
  });
  app.use(problemHandler(site, log));
  return { app, gateway };
}

/** As the browser has it. */
function originOf(request: Request): string {
  return `${request.secure ? 'https' : 'http'}://${request.get('host')}`;
}

function siteOf({ hub, page, version }: PageInput): Site {
  return {
    prefix: pagePath(hub, page),
    ...{ hubPages: `${page.hub_url ?? ''}${basePath(hub.api_url)}hub/`, hubName: hub.name, version },
  };
}

/** A query that nobody wrote on purpose shows the whole list. */
function listQuery({ sort, find }: Readonly<Record<string, unknown>>): ListQuery {
  return {
    sort: sortKeys.find((key) => key === sort) ?? 'server',
    find: typeof find === 'string' ? find.trim().slice(0, 64) : '',
  };
}

function readyOnly(isReady: () => boolean): RequestHandler {
  return (_request, _response, next) => {
    next(isReady() ? undefined : new PortwrapError('STARTING_UP', 'the service is starting up'));
  };
}

function problemHandler(site: Site, log: Logger): ErrorRequestHandler {
  return (cause: unknown, request, response: Response, _next) => {
    const error = fromExpress(cause);
    if (error.code === 'INTERNAL')
      log.error({ err: cause, path: request.path }, 'internal error while handling a page');
    else if (error.status >= 500) log.warn({ code: error.code, reason: reasonOf(error) }, error.message);
    if (response.headersSent) return void response.destroy();
    const session = (response.locals.session as Session | undefined) ?? null;
    response.status(error.status);
    sendPage(site, response, { title: 'Error', main: problemPage(site, error), session });
  };
}

/** Of a fetch that failed, the name of the failure is in its cause: ECONNREFUSED. */
function reasonOf({ cause }: PortwrapError): string | undefined {
  const inner = (cause as { cause?: { code?: unknown } } | undefined)?.cause?.code;
  return typeof inner === 'string' ? inner : (cause as Error | undefined)?.name;
}

/** What express itself refuses (body-parser, router) has a status of its own. */
function fromExpress(cause: unknown): PortwrapError {
  const status = (cause as { status?: unknown } | null)?.status;
  if (cause instanceof PortwrapError || typeof status !== 'number' || status >= 500) {
    return toPortwrapError(cause);
  }
  return new PortwrapError('REQUEST_INVALID', 'the request is malformed', {
    cause,
    hint: 'Go to the list of servers.',
  });
}
