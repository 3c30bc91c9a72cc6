// The interface of an engine: forwards a request, or an upgrade, to a target. There are two: relay/ (ours, the default)
// and http-proxy/ (the library of that name).
// Not here: choosing the route, and the error page (front/).
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import type { Target } from '../http/target.ts';

/** Destination and callbacks of one forwarded request. */
export interface ForwardContext {
  readonly target: Target;
  /** Path and query for the upstream's request line. */
  readonly path: string;
  /** The client sent data: a part of a body, or bytes on an upgraded connection. */
  onActivity(): void;
  /** The response was forwarded completely. */
  onForwarded(status: number): void;
  /** If the response was not started, the caller sends an error response. */
  onFailed(failure: Failure): void;
}

export interface Failure {
  /** Status for the client: 503 if the target cannot be reached, 502 if its response is invalid. */
  readonly status: number;
  /** For the log only: never for a client. */
  readonly reason: string;
  /** The client already received a part of the response; the engine has closed its connection. */
  readonly started: boolean;
}

export interface Engine {
  web(req: IncomingMessage, res: ServerResponse, context: ForwardContext): void;
  /** After `onFailed` the socket is still open, for the error response. */
  upgrade(req: IncomingMessage, socket: Socket, head: Buffer, context: ForwardContext): void;
  /** Whether a request on this client connection has no complete response yet. */
  isBusy(socket: Socket): boolean;
  /** No route has this target any more: its idle connections may be closed. */
  forget(target: Target): void;
  /** Number of connections, by state. */
  count(): ConnectionCounts;
  /** Closes every upstream connection. */
  close(): void;
}

export interface ConnectionCounts {
  readonly opening: number;
  readonly idle: number;
  readonly active: number;
  /** Upgraded connections, such as WebSockets. */
  readonly upgraded: number;
}

/** Options of both engines. */
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

/** TLS options for https targets. */
export interface UpstreamTls {
  /** Read it for each connection: it is another one after its files were renewed. Undefined for node:tls' default. */
  readonly secureContext: SecureContext | undefined;
  readonly rejectUnauthorized: boolean;
}
