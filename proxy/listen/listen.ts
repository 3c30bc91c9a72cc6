// Makes a server listen on an address or a Unix socket; the error of a failure says why.
// Not here: the servers themselves.
import { unlink } from 'node:fs/promises';
import type { ListenOptions, Server } from 'node:net';
import { PortwrapError } from '../../config/errors.ts';
import { isStaleSocket } from '../../config/system/stale-socket.ts';

/** An empty ip means all addresses of this host; a descriptor is a socket that listens already. */
export type ListenAddress =
  | { readonly ip: string; readonly port: number }
  | { readonly socketPath: string }
  | { readonly descriptor: number };

/** Listens; `what` names the listener in an error. */
export async function listen(server: Server, where: ListenAddress, what: string): Promise<void> {
  try {
    await tryListen(server, where);
  } catch (error) {
    const code = errorCode(error);
    if ('socketPath' in where && code === 'EADDRINUSE' && (await isStaleSocket(where.socketPath))) {
      await unlink(where.socketPath);
      await tryListen(server, where);
      return;
    }
    const why = reasons[code] ?? (error instanceof Error ? error.message : 'unknown error');
    throw new PortwrapError('LISTEN_FAILED', `${what} cannot listen on ${addressText(where)}: ${why}`, {
      cause: error,
    });
  }
}

export function addressText(where: ListenAddress): string {
  if ('socketPath' in where) return where.socketPath;
  if ('descriptor' in where) return `the activated socket ${where.descriptor}`;
  const ip = where.ip === '' ? '*' : where.ip.includes(':') ? `[${where.ip}]` : where.ip;
  return `${ip}:${where.port}`;
}

function tryListen(server: Server, where: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ ...listenOptions(where), backlog }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function listenOptions(where: ListenAddress): ListenOptions & { fd?: number } {
  if ('socketPath' in where) return { path: where.socketPath };
  if ('descriptor' in where) return { fd: where.descriptor };
  return { port: where.port, ...(where.ip === '' ? {} : { host: where.ip }) };
}

/** Pending connections; the kernel may allow fewer (net.core.somaxconn). node:net's 511 are too few for a burst while
 * the proxy is busy: a connection beyond the backlog waits a second for its second SYN. */
const backlog = 4096;

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the address is already in use',
  EACCES: 'permission denied',
  EADDRNOTAVAIL: 'this host has no such address',
  ENOTFOUND: 'unknown host name',
  EINVAL: 'it is not a listening socket',
  ENOTSOCK: 'it is not a socket',
  EBADF: 'the descriptor is not open',
};

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
