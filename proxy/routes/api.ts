// The REST API for routes, as in configurable-http-proxy: /api/routes with GET, POST and DELETE. Unlike there, the token
// is checked before a body is read, bodies are limited, and every request gets a response.
// Not here: listening, the routes (table.ts).
import type { IncomingMessage, ServerResponse } from 'node:http';
import { PortwrapError } from '../../config/errors.ts';
import type { Logger } from '../../config/logger.ts';
import { readBody } from '../../config/system/bounded-body.ts';
import { isSameSecret } from '../../config/system/same-secret.ts';
import { listRoutes, routeJson } from './listing.ts';
import type { Route, RouteData, RouteTable } from './table.ts';

export interface ApiCounters {
  onCall(method: string, status: number): void;
}

/** Where a change of the table must arrive before the API responds. */
export interface Followers {
  /** Resolves when all workers have the change: the caller may use the new route at once. */
  delivered(): Promise<void>;
  /** Resolves when the change is on the disk; rejects with STORAGE_FAILED. */
  stored(): Promise<void>;
}

/** The request handler of the API listener. With an empty token the API needs no authentication. */
export function routesApi(
  table: RouteTable,
  token: string,
  log: Logger,
  counters: ApiCounters,
  followers: Followers,
): (req: IncomingMessage, res: ServerResponse) => void {
  const authorized = tokenCheck(token);
  return (req, res) => {
    const target = req.url?.startsWith('/') ? `http://api${req.url}` : (req.url ?? '');
    const url = URL.canParse(target) ? new URL(target) : undefined;
    res.once('finish', () => {
      counters.onCall(req.method ?? '', res.statusCode);
      const line = `${res.statusCode} ${req.method} ${url?.pathname ?? ''} `;
      if (res.statusCode < 400) log.info(line);
      else if (res.statusCode < 500) log.warn(line);
      else log.error(line);
    });
    respond(table, authorized, followers, url, req, res).catch((error: unknown) => {
      if (error instanceof PortwrapError && !res.headersSent) return reply(res, error.status, error.message);
      log.error({ err: error }, 'internal error in the REST API');
      if (res.headersSent) res.destroy();
      else reply(res, 500, 'Internal Server Error');
    });
  };
}

async function respond(
  table: RouteTable,
  authorized: (req: IncomingMessage) => boolean,
  followers: Followers,
  url: URL | undefined,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const found = url === undefined ? null : /^\/api\/routes(?:\/(.*))?$/.exec(url.pathname);
  if (url === undefined || found === null) return reply(res, 404, 'Not Found');
  if (!methods.has(req.method ?? '')) {
    res.setHeader('Allow', [...methods].join(', '));
    return reply(res, 405, 'Method not supported');
  }
  if (!authorized(req)) return reply(res, 403);
  const path = decode(found[1] ?? '');
  if (path === undefined) return reply(res, 400, 'Malformed escape in the path');
  if (req.method === 'POST') return post(table, path, req, res, followers);
  if (req.method === 'DELETE') return remove(table, path, res, followers);
  await followers.delivered();
  return path === '' ? list(table, url, res) : get(table, path, res);
}

const methods = new Set(['GET', 'POST', 'DELETE']);

function get(table: RouteTable, path: string, res: ServerResponse): void {
  const route = table.get(path);
  if (route === undefined) reply(res, 404);
  else res.writeHead(200, { 'Content-Type': 'application/json' }).end(routeJson(route));
}

async function list(table: RouteTable, url: URL, res: ServerResponse): Promise<void> {
  const given = url.searchParams.get('inactiveSince') ?? url.searchParams.get('inactive_since') ?? '';
  const since = given === '' ? undefined : Date.parse(given);
  if (since !== undefined && Number.isNaN(since)) {
    return reply(res, 400, `Invalid datestamp '${given}' must be ISO8601.`);
  }
  res.writeHead(200, { 'Content-Type': 'application/json' });
  await listRoutes(table, since, res);
}

async function post(
  table: RouteTable,
  path: string,
  req: IncomingMessage,
  res: ServerResponse,
  followers: Followers,
): Promise<void> {
  const body = await readBody(req, maxBody);
  if (body === null) return reply(res, 413, 'Body too large');
  const read = readRoute(body.toString('utf8'));
  if (typeof read === 'string') return reply(res, 400, read);
  const before = table.get(path);
  const added = table.add(path, read);
  const [stored] = await Promise.allSettled([followers.stored(), followers.delivered()]);
  if (stored.status === 'rejected') {
    await takeBack(table, added, before, followers);
    throw stored.reason;
  }
  reply(res, 201);
}

/** A response with an error must mean that the table is as before, unless it was changed again meanwhile. */
async function takeBack(
  table: RouteTable,
  added: Route,
  before: Route | undefined,
  followers: Followers,
): Promise<void> {
  if (table.get(added.path) !== added) return;
  if (before === undefined) table.remove(added.path);
  else table.add(before.path, before.data, before.lastActivity);
  await followers.delivered();
}

/** The route is removed, also if that cannot be stored: its port may soon belong to another server. */
async function remove(
  table: RouteTable,
  path: string,
  res: ServerResponse,
  followers: Followers,
): Promise<void> {
  const removed = table.remove(path);
  await Promise.all([followers.delivered(), followers.stored()]);
  reply(res, removed ? 204 : 404);
}

/** Bytes. The data of a route is a URL and a few names. */
const maxBody = 1024 * 1024;

/** The posted data, or an error message. */
function readRoute(body: string): RouteData | string {
  let data: unknown;
  try {
    data = JSON.parse(body);
    // Throws for data that is nested too deeply to be serialised, which would break every later listing.
    JSON.stringify(data);
  } catch (error) {
    return `Body not valid JSON: ${error instanceof Error ? error.message : ''}`;
  }
  return isRouteData(data) ? data : "Must specify 'target' as string";
}

function isRouteData(data: unknown): data is RouteData {
  return typeof data === 'object' && data !== null && 'target' in data && typeof data.target === 'string';
}

function tokenCheck(token: string): (req: IncomingMessage) => boolean {
  if (token === '') return () => true;
  return (req) => {
    const given = /token\s+(\S+)/.exec(req.headers.authorization ?? '')?.[1];
    return given !== undefined && isSameSecret(given, token);
  };
}

function decode(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

function reply(res: ServerResponse, status: number, text?: string): void {
  res.writeHead(status).end(text);
}
