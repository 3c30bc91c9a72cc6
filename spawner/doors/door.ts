// The door of one account: a unix socket that only this account may connect to. It names the account's servers, and puts
// processes that are in their sandboxes into their control groups; it does nothing else.
// Not here: which servers there are (doors.ts), the user's side (portwrap/enter/door.ts).
import { chmodSync, chownSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { PortwrapError, toPortwrapError } from '../../config/errors.ts';
import type { Logger } from '../../config/logger.ts';
import {
  type CgroupPlace,
  type DoorGreeting,
  type DoorResponse,
  type ServerBehindDoor,
  settleInside,
} from '../../portwrap/index.ts';
import { serverLabel } from '../records/record.ts';
import { makeDirectory } from '../system/make-directory.ts';

export interface GuardedServer extends ServerBehindDoor {
  readonly cgroup: CgroupPlace | null;
}

export interface DoorInput {
  readonly path: string;
  readonly uid: number;
  readonly servers: () => readonly GuardedServer[];
  readonly log: Logger;
}

/** Returns how to close it. */
export function openDoor({ path, uid, servers, log }: DoorInput): () => void {
  const server = createServer((socket) => {
    socket.setTimeout(idleDeadline, () => socket.destroy());
    socket.on('error', () => {}); // the user has gone
    serveUser(socket, servers, log);
  });
  server.maxConnections = mostConnections;
  const failed = (error: Error) =>
    log.warn({ path, reason: error.message }, 'this account cannot enter its servers');
  server.on('error', failed);
  // nobody may reach it before it belongs to the account
  const hidden = join(dirname(path), unfinishedDoors);
  makeDirectory(hidden, 0o700);
  const first = join(hidden, basename(path));
  rmSync(first, { force: true });
  server.listen(first, () => {
    try {
      chownSync(first, uid, 0);
      chmodSync(first, 0o600);
      renameSync(first, path);
      rmdirSync(hidden);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') failed(error as Error); // another door is being made
    }
  });
  return () => {
    server.close();
    try {
      rmSync(path, { force: true });
    } catch (error) {
      // such as a file system that has become read-only; the next door of the account takes its place
      log.warn({ path, reason: (error as Error).message }, 'a closed door of an account cannot be removed');
    }
  };
}

/** Beside the doors: the directory of those that are being made. One stays there when the service is killed (doors.ts). */
export const unfinishedDoors = 'new';

/** Of one account; each is short. */
const mostConnections = 16;
const idleDeadline = 60_000;
const longestLine = 1_024;

const requestSchema = z.object({ id: z.string(), pid: z.int().positive() });

function serveUser(socket: Socket, servers: DoorInput['servers'], log: Logger): void {
  const greeting: DoorGreeting = { servers: servers().map(({ cgroup: _, ...shown }) => shown) };
  socket.write(`${JSON.stringify(greeting)}\n`);
  let received = 0;
  socket.on('data', (chunk: Buffer) => {
    received += chunk.length;
    if (received > longestLine) socket.destroy();
  });
  const lines = createInterface({ input: socket });
  lines.on('error', () => {}); // it reports the socket's errors again, such as a connection that the user has reset
  lines.on('line', async (line) => {
    received = 0;
    const response = await respond(line, servers(), log);
    if (!socket.destroyed) socket.write(`${JSON.stringify(response)}\n`);
  });
}

async function respond(line: string, servers: readonly GuardedServer[], log: Logger): Promise<DoorResponse> {
  try {
    const { id, pid } = requestSchema.parse(JSON.parse(line));
    const server = servers.find((one) => one.id === id);
    if (server === undefined) throw new PortwrapError('SANDBOX_UNKNOWN', 'this server has ended');
    await settleInside({ ...server, label: serverLabel(server) }, pid);
    log.info({ hub: server.hub, user: server.user, name: server.name, pid }, 'a user entered their server');
    return { error: null };
  } catch (cause) {
    const { code, message } = cause instanceof PortwrapError ? cause : toPortwrapError(cause);
    return { error: { code, message: code === 'INTERNAL' ? 'the request was not understood' : message } };
  }
}
