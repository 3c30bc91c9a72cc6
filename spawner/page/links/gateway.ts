// Serves the ports inside servers to browsers: who asks is checked, then HTTP and WebSockets go to the program through a
// relay. Not here: addresses (link-path.ts), access (access.ts, host-sign-in.ts), header fields (to-program.ts,
// to-browser.ts), what goes over a WebSocket (web-socket.ts).
import { type IncomingMessage, type RequestListener, request as requestOf, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type Duplex, pipeline } from 'node:stream';
import { PortwrapError, toPortwrapError } from '../../../config/errors.ts';
import type { Logger } from '../../../config/logger.ts';
import { systemClock } from '../../culling/clock.ts';
import type { LinkUse } from '../../culling/link-use.ts';
import type { ServerRecord } from '../../records/record.ts';
import type { Relays } from '../../relays/relays.ts';
import type { PortHosts } from '../../routes/ports/port-hosts.ts';
import type { Session } from '../auth/sessions.ts';
import { isSecure, type PortAccess } from './access.ts';
import { type HostSignIn, isReturn } from './host-sign-in.ts';
import { addressOf, findHostLink, findLink, type PortLink } from './link-path.ts';
import { createLiveConnections } from './live-connections.ts';
import { refuseOtherOrigins } from './own-origin.ts';
import { toBrowser } from './to-browser.ts';
import { type Place, toProgram } from './to-program.ts';
import { openWebSocket } from './web-socket.ts';

export interface Gateway {
  readonly request: RequestListener;
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** Cuts connections that are not allowed any more. */
  checkNow(): void;
  /** How the ports of a server are used, by the id of its record. */
  useOf(id: string): LinkUse;
  close(): void;
}

export interface GatewayInput {
  /** The servers whose ports have addresses. */
  readonly records: () => readonly ServerRecord[];
  /** Whether ports of that server can be opened at all. */
  readonly isOffered: (record: ServerRecord) => boolean;
  readonly relays: Pick<Relays, 'connect'>;
  readonly access: PortAccess;
  /** null: ports are paths on the host of the hub. */
  readonly atHosts: AtHosts | null;
  /** Where a browser without a cookie goes, and comes back from: a path to which "?to=PATH" is added. */
  readonly signInPath: string;
  readonly log: Logger;
}

export interface AtHosts {
  readonly hosts: PortHosts;
  readonly signIn: HostSignIn;
  /** The origin of the page. */
  readonly pageOrigin: () => Promise<string>;
}

export function createGateway(input: GatewayInput): Gateway {
  const { relays, access, atHosts, isOffered, signInPath, log } = input;
  const live = createLiveConnections({ ...access, isOffered, clock: systemClock });

  function linkOf(request: IncomingMessage): PortLink {
    const { url = '', headers } = request;
    const records = input.records().filter(({ state }) => state === 'ready');
    const atHost =
      atHosts === null ? null : findHostLink(atHosts.hosts, { host: headers.host, url }, records);
    const link = atHost ?? findLink(url, records);
    if (link !== null && isOffered(link.record)) return link;
    throw new PortwrapError('NOT_FOUND', 'no port of a running server has this address', {
      hint: 'Start the server at the hub first. Its page shows the ports that are open.',
    });
  }

  async function serve(
    request: IncomingMessage,
    response: ServerResponse,
    head: Buffer | null,
  ): Promise<void> {
    const link = linkOf(request);
    const isUpgrade = head !== null;
    const toSignIn = () => `${signInPath}?to=${encodeURIComponent(addressOf(link))}`;
    // at the host of its user it would have the origin of the server
    if (atHosts !== null && link.origin === null)
      return redirect(response, `${await atHosts.pageOrigin()}${toSignIn()}`);
    refuseOtherOrigins(request, isUpgrade, link.origin);
    if (atHosts !== null && isReturn(link)) return atHosts.signIn.complete(request, response, link);
    const session = await access.admit(request, link.record, link.port);
    if (session === null) {
      if (isUpgrade || !isOpened(request)) throw new PortwrapError('SIGNED_OUT', 'you are signed out');
      return atHosts === null ? redirect(response, toSignIn()) : atHosts.signIn.begin(response, link);
    }
    if (link.port === link.record.sandbox?.guestPort)
      return redirect(response, serverAddress(link.record, atHosts));
    if (!link.rest.startsWith('/')) return redirect(response, addressOf(link));
    await pass({ request, response, head, link, session });
  }

  async function pass({ request, response, head, link, session }: Passage): Promise<void> {
    const { record, port, origin, prefix, rest } = link;
    const place = {
      ...{ port, origin, prefix, host: request.headers.host ?? '' },
      isSecure: atHosts?.hosts.isSecure ?? isSecure(request),
    };
    const end = live.begin(session, record, port, () => request.socket.destroy());
    response.once('close', end);
    const relayed = await relays.connect(record, port).catch((error: unknown) => {
      end();
      throw error;
    });
    if (request.socket.destroyed) {
      end();
      return void relayed.destroy();
    }
    const upstream = requestOf({
      createConnection: () => relayed,
      method: request.method,
      path: rest,
      headers: requestFields(request, place, head !== null),
    });
    const fail = (error: Error) => {
      if (response.headersSent || response.destroyed) return void request.socket.destroy();
      answerProblem(response, unanswered(link, error));
    };
    upstream.once('error', fail);
    upstream.once('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, toBrowser(answer.rawHeaders, place));
      pipeline(answer, response, () => {});
    });
    upstream.once('upgrade', (answer, program, rested) => {
      if (head === null) return void program.destroy(new Error('it changed the protocol by itself'));
      const ends = { browser: request.socket, program, head, rested };
      openWebSocket(response, toBrowser(answer.rawHeaders, place), ends, () => live.touch(record.id));
      request.socket.once('close', end);
    });
    response.once('close', () => upstream.destroy());
    if (head === null) pipeline(request, upstream, () => {});
    else upstream.end();
  }

  const handle = (request: IncomingMessage, response: ServerResponse, head: Buffer | null) => {
    serve(request, response, head).catch((cause: unknown) => {
      const error = toPortwrapError(cause);
      if (error.code === 'INTERNAL') log.error({ err: cause }, 'internal error while opening a port');
      if (response.headersSent || response.destroyed) return void request.socket.destroy();
      answerProblem(response, error);
    });
  };

  return {
    request: (request, response) => handle(request, response, null),
    upgrade(request, socket, head) {
      socket.on('error', () => {}); // it closes after that
      const response = new ServerResponse(request);
      response.shouldKeepAlive = false;
      response.assignSocket(socket as Socket);
      response.once('finish', () => socket.end());
      if (String(request.headers.upgrade).toLowerCase() !== 'websocket')
        return answerProblem(
          response,
          new PortwrapError('REQUEST_INVALID', 'only WebSockets can be upgraded to'),
        );
      handle(request, response, head);
    },
    checkNow: live.checkNow,
    useOf: live.useOf,
    close: live.close,
  };
}

/** Where browsers find the server itself. */
function serverAddress({ route_host, route_prefix }: ServerRecord, atHosts: AtHosts | null): string {
  const origin = atHosts === null || route_host === null ? '' : atHosts.hosts.originAt(route_host);
  return `${origin}${route_prefix ?? '/'}`;
}

interface Passage {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** What followed the request for a WebSocket; null: another request. */
  readonly head: Buffer | null;
  readonly link: PortLink;
  readonly session: Session;
}

function requestFields(request: IncomingMessage, place: Place, isUpgrade: boolean): string[] {
  const fields = toProgram(request.rawHeaders, place);
  if (isUpgrade) return [...fields, 'Connection', 'Upgrade', 'Upgrade', 'websocket'];
  const { 'transfer-encoding': chunked, 'content-length': length } = request.headers;
  if (chunked !== undefined) return [...fields, 'Transfer-Encoding', 'chunked'];
  const isEmpty =
    length === undefined && !['GET', 'HEAD', 'OPTIONS', 'DELETE'].includes(request.method ?? '');
  return isEmpty ? [...fields, 'Content-Length', '0'] : fields;
}

/** Whether the browser opens this as a page, in which it can be sent elsewhere. */
function isOpened({ method, headers }: IncomingMessage): boolean {
  const destination = headers['sec-fetch-dest'];
  return method === 'GET' && (destination === undefined || destination === 'document');
}

function redirect(response: ServerResponse, location: string): void {
  response.writeHead(302, { location, 'cache-control': 'no-store' }).end();
}

function unanswered({ port }: PortLink, { message }: Error): PortwrapError {
  return new PortwrapError('PORT_UNANSWERED', `no HTTP response came from port ${port} of the server`, {
    cause: new Error(message),
  });
}

function answerProblem(response: ServerResponse, { status, message, hint, code }: PortwrapError): void {
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(`${message}\n${hint} (${code})\n`);
}
