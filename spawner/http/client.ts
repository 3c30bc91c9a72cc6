// A client of the spawner protocol (docs/protocol.md): typed calls over TCP or a unix socket. Used by the
// administrator's commands and by tests. node:http, since importing undici costs each command 100 ms and 19 MB.
// Not here: what is printed (commands/).
import { type ClientRequest, type IncomingMessage, type RequestOptions, request } from 'node:http';
import { createInterface } from 'node:readline';
import type { Reload } from '../../config/current-config.ts';
import { type ErrorCode, errorCatalogue, PortwrapError } from '../../config/errors.ts';
import type { ListenAddress } from '../../config/load.ts';
import type { MaintenanceRequest, MaintenanceView } from '../maintenance/maintenance.ts';
import type { PortView } from '../open-ports/port-view.ts';
import type { ProgressEvent } from '../records/progress.ts';
import type { StartRequest } from '../requests/start-request.ts';
import type { ServerView, UserView } from './view.ts';

export interface Client {
  about(): Promise<{ name: string; version: string }>;
  servers(): Promise<ServerView[]>;
  users(hub?: string): Promise<UserView[]>;
  start(server: ServerName, body: StartBody): Promise<ServerView>;
  /** Throws SERVER_UNKNOWN. */
  show(server: ServerName): Promise<ServerView>;
  /** The ports that are open inside. Throws SERVER_UNKNOWN. */
  ports(server: ServerName): Promise<PortView[]>;
  /** Settles when it is gone. */
  stop(server: ServerName, now?: boolean): Promise<void>;
  progress(server: ServerName): AsyncIterable<Omit<ProgressEvent, 'id'>>;
  log(server: ServerName, options: { tail: number; follow: boolean }): AsyncIterable<Buffer>;
  reload(): Promise<Reload>;
  maintenance(): Promise<MaintenanceView>;
  beginMaintenance(request: MaintenanceRequest): Promise<void>;
  endMaintenance(): Promise<void>;
  metrics(): Promise<string>;
}

export interface ServerName {
  /** For the administrator's token only. */
  readonly hub?: string | undefined;
  readonly user: string;
  /** "": the default server. */
  readonly name: string;
  readonly spawnId?: string | undefined;
}

export type StartBody = Pick<StartRequest, 'spawn_id'> & Partial<StartRequest>;

/** The address of `service.listen`, or a URL. */
export function createClient(address: ListenAddress | URL, token: string): Client {
  const target = targetOf(address);
  const call = (method: string, path: string, body?: object) =>
    exchange({ ...target, method, path, headers: { authorization: `token ${token}` } }, body);
  const json = async <T>(method: string, path: string, body?: object) =>
    JSON.parse(await textOf(await call(method, path, body))) as T;

  return {
    about: () => json('GET', '/api/'),
    servers: () => json('GET', '/api/servers'),
    users: (hub) => json('GET', `/api/users${query({ hub })}`),
    start: (server, body) => json('POST', pathOf({ ...server, spawnId: undefined }), body),
    show: (server) => json('GET', pathOf(server)),
    ports: (server) => json('GET', pathOf(server, '/ports')),
    async stop(server, now = false) {
      await textOf(await call('DELETE', pathOf(server, '', now ? { now: 'true' } : {})));
    },
    async *progress(server) {
      const answer = await call('GET', pathOf(server, '/progress'));
      for await (const line of createInterface({ input: answer })) {
        if (line.startsWith('data: ')) yield JSON.parse(line.slice(6)) as Omit<ProgressEvent, 'id'>;
      }
    },
    async *log(server, { tail, follow }) {
      const answer = await call('GET', pathOf(server, '/log', { tail: `${tail}`, follow: `${follow}` }));
      for await (const chunk of answer) yield chunk as Buffer;
    },
    reload: () => json('POST', '/api/reload'),
    maintenance: () => json('GET', '/api/maintenance'),
    async beginMaintenance(request) {
      await textOf(await call('POST', '/api/maintenance', request));
    },
    async endMaintenance() {
      await textOf(await call('DELETE', '/api/maintenance'));
    },
    async metrics() {
      return textOf(await call('GET', '/metrics'));
    },
  };
}

function pathOf(
  { hub, user, name, spawnId }: ServerName,
  below = '',
  more: Record<string, string> = {},
): string {
  const base = `/api/users/${encodeURIComponent(user)}`;
  const server = name === '' ? `${base}/server` : `${base}/servers/${encodeURIComponent(name)}`;
  return `${server}${below}${query({ hub, spawn_id: spawnId, ...more })}`;
}

function query(fields: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(fields).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
}

function targetOf(address: ListenAddress | URL): RequestOptions {
  if (address instanceof URL) return { host: address.hostname, port: address.port };
  if (address.kind === 'unix') return { socketPath: address.path };
  // what listens on every address is called at the loopback one
  const host = address.host === '0.0.0.0' ? '127.0.0.1' : address.host === '::' ? '::1' : address.host;
  return { host, port: address.port };
}

/** Throws the service's own error, or SERVICE_UNREACHABLE. */
function exchange(options: RequestOptions, body: object | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing: ClientRequest = request({ ...options, agent: false }, (answer) => {
      if ((answer.statusCode ?? 500) < 400) return resolve(answer);
      textOf(answer).then((text) => reject(errorOf(answer.statusCode ?? 500, text)), reject);
    });
    outgoing.once('error', (cause) => {
      const message = `the service cannot be reached: ${cause.message}`;
      reject(new PortwrapError('SERVICE_UNREACHABLE', message, { cause }));
    });
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function errorOf(status: number, text: string): PortwrapError {
  const { code, message, hint, server } = parsed(text);
  if (code === undefined || !Object.hasOwn(errorCatalogue, code)) {
    return new PortwrapError(
      'SERVICE_UNREACHABLE',
      `HTTP ${status} was not sent by portwrap-spawner (another program or a reverse proxy responded)`,
    );
  }
  return new PortwrapError(code as ErrorCode, message ?? '', { hint, server });
}

function parsed(text: string): Partial<Record<'code' | 'message' | 'hint' | 'server', string>> {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}

async function textOf(answer: IncomingMessage): Promise<string> {
  answer.setEncoding('utf8');
  let text = '';
  for await (const chunk of answer) text += chunk;
  return text;
}
