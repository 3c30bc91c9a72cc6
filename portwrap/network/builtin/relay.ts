// A relay: the way to one port inside a running sandbox, from a unix socket that only this account can reach. It ends
// when it is closed, when this process ends, and with the sandbox. Not here: when one is needed (spawner/relays/).
import { chownSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PortwrapError } from '../../../config/errors.ts';
import { ownUntil } from '../../system/descriptor.ts';
import { isAlive, type ProcessIdentity } from '../../system/process.ts';
import { createTeardown } from '../../system/teardown.ts';
import { sandboxOwner } from '../forwarder-account.ts';
import { relayArgv } from './argv.ts';
import { findForwardProgram } from './program.ts';
import { pipeTo, startForwardProgram } from './start-program.ts';

export interface RelayRequest {
  /** Whether this process is root; the relay then runs as the account of the sandbox. */
  readonly asRoot: boolean;
  /** The first process of the sandbox. */
  readonly child: ProcessIdentity;
  /** Inside: on 127.0.0.1, ::1 or the sandbox's own address, the first that accepts. */
  readonly port: number;
  /** Must not exist; is made, and removed at the end. At most 100 bytes, in one that only this account can enter. */
  readonly directory: string;
}

export interface Relay {
  /** The path of the socket. A connection that nothing inside accepts is closed. */
  readonly path: string;
  /** Settles when the relay has ended, and its directory is removed. */
  readonly gone: Promise<void>;
  /** Ends it, with the connections that it carries. */
  close(): Promise<void>;
}

/** Throws FORWARD_FAILED when the sandbox has ended, TOOL_MISSING without portwrap-forward; then nothing is left. */
export async function startRelay({ asRoot, child, port, directory }: RelayRequest): Promise<Relay> {
  const undo = createTeardown();
  try {
    const own = ownUntil(undo);
    const binary = own(openSync(findForwardProgram(), 'r'));
    mkdirSync(directory, { mode: 0o700 });
    undo.add('directory of the relay', () => rm(directory, { recursive: true, force: true }));
    const logFile = join(directory, 'log');
    const log = own(openSync(logFile, 'a', 0o600));
    const owner = ownerOf(child);
    if (asRoot) chownSync(directory, owner.uid, owner.gid);
    const place = own(openSync(directory, 'r'));
    const started = await startForwardProgram(
      {
        argv: relayArgv(child.pid, port, asRoot ? owner : null),
        inherited: { until: 'pipe', directory: place.fd, program: binary.fd },
        log: log.fd,
        said: () => readFileSync(logFile, 'utf8'),
      },
      undo,
    );
    if (typeof started === 'number') throw ended(); // it refuses nothing
    // its number may have become another process' before the program opened it
    if (!isAlive(child)) throw ended();
    for (const descriptor of [binary, log, place]) descriptor.close();
    const until = pipeTo(started, 'until');
    until?.on('error', () => {}); // the program has ended
    undo.release();
    const gone = started.child.exited.then(() => rm(directory, { recursive: true, force: true }));
    gone.catch(() => {}); // what cannot be removed goes with the directory around it
    return {
      path: join(directory, 'socket'),
      gone,
      async close() {
        until?.destroy();
        await gone;
      },
    };
  } catch (error) {
    return undo.fail(error);
  }
}

function ownerOf(child: ProcessIdentity): ReturnType<typeof sandboxOwner> {
  try {
    const owner = sandboxOwner(child.pid);
    if (isAlive(child)) return owner;
  } catch (error) {
    if (!['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
  throw ended();
}

function ended(): PortwrapError {
  return new PortwrapError('FORWARD_FAILED', 'the sandbox has ended');
}
