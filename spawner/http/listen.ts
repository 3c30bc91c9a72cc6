// Listening on a TCP address or a unix socket, and giving it up again.
// Not here: what is served.
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { PortwrapError } from '../../config/errors.ts';
import type { ListenAddress } from '../../config/load.ts';
import { isStaleSocket } from '../../config/system/stale-socket.ts';

export interface Listener {
  /** Where it listens, as people read it; with port 0 the port that was given. */
  readonly address: string;
  /** Takes no more requests and cuts the open ones. */
  close(): Promise<void>;
}

export interface ListenBounds {
  /** Open connections; one more is closed at once. */
  readonly connections: number;
  /** Milliseconds for the head of a request, and for all of it. */
  readonly headersTimeout: number;
  readonly requestTimeout: number;
  /** Bytes. */
  readonly maxHeaderSize: number;
}

const defaultBounds: ListenBounds = {
  connections: Number.POSITIVE_INFINITY,
  headersTimeout: 20_000,
  requestTimeout: 60_000,
  // the groups of a user stand in the head of a request: 1024 of them, with names of ordinary length
  maxHeaderSize: 131_072,
};
/** Milliseconds between two looks at who is late. */
const lookInterval = 5_000;

export type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** Throws LISTEN_FAILED naming the address. A socket file that nobody listens on is replaced. */
export async function listen(
  address: ListenAddress,
  handler: RequestListener,
  key = 'service.listen',
  { connections, ...bounds }: ListenBounds = defaultBounds,
  upgrade?: UpgradeListener,
): Promise<Listener> {
  const server = createServer({ ...bounds, connectionsCheckingInterval: lookInterval }, handler);
  server.maxConnections = connections;
  if (upgrade !== undefined) server.on('upgrade', upgrade);
  if (address.kind === 'unix' && (await isStaleSocket(address.path))) rmSync(address.path, { force: true });
  await bind(server, address, key);
  if (address.kind === 'unix') chmodSync(address.path, 0o600);
  return {
    address: describe(server, address),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function bind(server: Server, address: ListenAddress, key: string): Promise<void> {
  const where = address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port };
  const name = address.kind === 'unix' ? address.path : `${address.host}:${address.port}`;
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const reason = cause.code === 'EADDRINUSE' ? 'the address is in use' : (cause.code ?? cause.message);
      const message = `the service cannot listen on ${name}: ${reason}`;
      reject(
        new PortwrapError('LISTEN_FAILED', message, {
          hint: `Change "${key}", or stop the process that listens there.`,
          cause,
        }),
      );
    });
    server.listen(where, resolve);
  });
}

function describe(server: Server, address: ListenAddress): string {
  if (address.kind === 'unix') return `unix:${address.path}`;
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : address.port;
  return `http://${address.host.includes(':') ? `[${address.host}]` : address.host}:${port}`;
}
