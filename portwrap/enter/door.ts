// Doors: unix sockets of the service, one for each account with servers, which only that account may connect to. Over its
// door a user learns which servers they have, and has processes put into the control groups of these.
// Not here: the service's side (spawner/doors/).
import { readdirSync } from 'node:fs';
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

/** The doors of that account. A service that does not run has none; one that does not respond is SERVICE_UNREACHABLE. */
export async function openDoors(uid: number, directory = doorsDirectory): Promise<Door[]> {
  const opening = namesIn(directory).map((service) => openDoor(join(directory, service, String(uid))));
  const opened = await Promise.allSettled(opening);
  const doors = opened.flatMap((one) =>
    one.status === 'fulfilled' && one.value !== null ? [one.value] : [],
  );
  const late = opened.find((one) => one.status === 'rejected');
  if (late === undefined) return doors;
  for (const door of doors) door.close();
  throw late.reason;
}

/** Milliseconds in which a service responds. */
const deadline = 10_000;

async function openDoor(path: string): Promise<Door | null> {
  const socket = connect(path);
  const line = linesOf(socket);
  const inTime = <T>(work: Promise<T>) =>
    withDeadline(
      work,
      deadline,
      () => new PortwrapError('SERVICE_UNREACHABLE', `the service behind ${path} does not respond`),
    );
  let greeting: string | null;
  try {
    greeting = await inTime(line());
  } catch (error) {
    socket.destroy();
    throw error;
  }
  if (greeting === null) return null;
  const { servers } = JSON.parse(greeting) as DoorGreeting;
  return {
    servers,
    async settle(request) {
      socket.write(`${JSON.stringify(request)}\n`);
      const response = await inTime(line());
      if (response === null) {
        throw new PortwrapError('SERVICE_UNREACHABLE', 'the service has ended');
      }
      const { error } = JSON.parse(response) as DoorResponse;
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
  const failed = new Promise<null>((resolve) => socket.on('error', () => resolve(null)));
  return async () => {
    const next = await Promise.race([lines.next(), failed]);
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
