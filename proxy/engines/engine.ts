// What the front end asks of an engine: pass one request, or one upgrade, on to a target.
// Two exist: relay/ (ours, the default) and library/ (http-proxy). Which route, and what a person sees when
// it fails, is decided in front/.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Target } from '../http/target.ts';

/** Where one request goes, and who wants to know how it went. */
export interface Passage {
  readonly target: Target;
  /** Path and query for the upstream's request line. */
  readonly path: string;
  /** The client sent something: a piece of a body, bytes on an upgraded connection. */
  onActivity(): void;
  /** The answer was passed on whole. */
  onAnswered(status: number): void;
  /** If nothing was answered yet, the engine will not: the front does. */
  onFailed(failure: Failure): void;
}

export interface Failure {
  /** What the client should see: 503 not reached, 502 not understood. */
  readonly status: number;
  /** For the log only: never for a client. */
  readonly reason: string;
  /** The client already has a part of the answer; the engine has cut it off. */
  readonly started: boolean;
}

export interface Engine {
  web(req: IncomingMessage, res: ServerResponse, passage: Passage): void;
  /** `onFailed` leaves the socket open, for the front to answer on. */
  upgrade(req: IncomingMessage, socket: Socket, head: Buffer, passage: Passage): void;
  /** Whether a request on this connection of a client is still to be answered. */
  isBusy(socket: Socket): boolean;
  /** No route leads to the target any more: connections kept for later may go. */
  forget(target: Target): void;
  /** How many connections there are now. */
  count(): ConnectionCounts;
  /** Ends every upstream connection. */
  close(): void;
}

export interface ConnectionCounts {
  readonly opening: number;
  readonly idle: number;
  readonly active: number;
  /** Upgraded connections, such as WebSockets. */
  readonly upgraded: number;
}

/** What both engines are told at the start. */
export interface EngineOptions {
  readonly xForward: boolean;
  readonly changeOrigin: boolean;
  readonly customHeaders: readonly (readonly [string, string])[];
  readonly autoRewrite: boolean;
  readonly protocolRewrite: string | undefined;
  /** Milliseconds without a byte from the upstream, or undefined for no limit. */
  readonly proxyTimeout: number | undefined;
  readonly tls: UpstreamTls;
}

/** How to meet https targets. */
export interface UpstreamTls {
  readonly key?: Buffer;
  readonly cert?: Buffer;
  readonly ca?: readonly string[];
  readonly rejectUnauthorized: boolean;
}
