// Makes a server listen, on an address or a unix socket, or says plainly why it does not.
// Not here: what the server does.
import { unlink } from 'node:fs/promises';
import type { ListenOptions, Server } from 'node:net';
import { PortwrapError } from '../../config/errors.ts';
import { isStaleSocket } from '../../config/system/stale-socket.ts';

/** An empty ip is every address of this host; a descriptor is a socket that listens already. */
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
  if ('descriptor' in where) return `the inherited socket ${where.descriptor}`;
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

/** Clients that have connected and wait to be accepted; the kernel may allow fewer (net.core.somaxconn). node:net's
 * 511 are too few for a burst that comes in the middle of other work: who finds no place waits for a second. */
const backlog = 4096;

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'something else listens there already',
  EACCES: 'this user may not listen there',
  EADDRNOTAVAIL: 'this host has no such address',
  ENOTFOUND: 'the name is not known',
  EINVAL: 'it is not a socket that listens',
  ENOTSOCK: 'it is not a socket',
  EBADF: 'it is not open',
};

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
