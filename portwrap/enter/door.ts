// Doors: unix sockets of the service, one for each account with servers, which only that account may connect to. Over its
// door a user learns which servers they have, and has processes put into the control groups of these.
// Not here: the service's side (spawner/doors/).
import { existsSync, readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type ErrorCode, errorCatalogue, PortwrapError } from '../../config/errors.ts';
import { withDeadline } from '../system/deadline.ts';
import type { ProcessIdentity } from '../system/process.ts';

/** Of root; each service has a directory in it, each account a socket there, by its uid. */
export const doorsDirectory = '/run/portwrap-enter';

/** A server as its door shows it. */
export interface ServerBehindDoor {
  readonly id: string;
  readonly hub: string;
  readonly user: string;
  /** "" is the default server. */
  readonly name: string;
  readonly child: ProcessIdentity;
  /** Its seccomp program, in hexadecimal digits. */
  readonly filter: string;
}

/** The first line from a door. */
export interface DoorGreeting {
  readonly servers: readonly ServerBehindDoor[];
}
/** A line to a door, and its response. */
export interface DoorRequest {
  /** Of a server. */
  readonly id: string;
  /** Of a process in its sandbox, as the service sees it. */
  readonly pid: number;
}
export interface DoorResponse {
  readonly error: { readonly code: string; readonly message: string } | null;
}

export interface Door {
  readonly servers: readonly ServerBehindDoor[];
  /** Throws LIMITS_UNAVAILABLE, SANDBOX_UNKNOWN or SERVICE_UNREACHABLE. */
  settle(request: DoorRequest): Promise<void>;
  close(): void;
}

export interface Doors {
  readonly open: readonly Door[];
  /** Why others cannot be used: their service has ended or does not respond. */
  readonly failures: readonly unknown[];
}

/** The doors of that account. */
export async function openDoors(uid: number, directory = doorsDirectory): Promise<Doors> {
  const opening = namesIn(directory).map((service) => openDoor(join(directory, service, String(uid))));
  const opened = await Promise.allSettled(opening);
  return {
    open: opened.flatMap((one) => (one.status === 'fulfilled' && one.value !== null ? [one.value] : [])),
    failures: opened.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : [])),
  };
}

/** Milliseconds in which a service responds. */
const deadline = 10_000;

/** Null where the account has no door. Throws SERVICE_UNREACHABLE. */
async function openDoor(path: string): Promise<Door | null> {
  if (!existsSync(path)) return null;
  const socket = connect(path);
  const line = linesOf(socket);
  const unreachable = (how: string) =>
    new PortwrapError('SERVICE_UNREACHABLE', `the service of your servers ${how}`, {
      hint: 'Try again when it runs; your servers keep running.',
    });
  const next = async (): Promise<string> => {
    const received = await withDeadline(line(), deadline, () => unreachable('does not respond'));
    if (received === null) throw unreachable('does not run');
    return received;
  };
  const greeting = await next().catch((error: unknown) => {
    socket.destroy();
    throw error;
  });
  const { servers } = JSON.parse(greeting) as DoorGreeting;
  return {
    servers,
    async settle(request) {
      socket.write(`${JSON.stringify(request)}\n`);
      const { error } = JSON.parse(await next()) as DoorResponse;
      if (error !== null) throw new PortwrapError(knownCode(error.code), error.message);
    },
    close: () => void socket.destroy(),
  };
}

function knownCode(code: string): ErrorCode {
  return Object.hasOwn(errorCatalogue, code) ? (code as ErrorCode) : 'ENTER_FAILED';
}

/** Returns a function for the next line; null when there is none: nobody listens, or the other end has closed. */
function linesOf(socket: Socket): () => Promise<string | null> {
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  socket.on('error', () => {}); // the iterator reports it
  return async () => {
    const next = await lines.next().catch(() => null);
    return next === null || next.done ? null : next.value;
  };
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
