// Relays on demand: connections to ports inside servers' sandboxes. The first connection to a port starts its relay;
// the relay ends some time after the last one. All of them end with this process. Not here: one relay (portwrap/).
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { PortwrapError } from '../../config/errors.ts';
import type { Logger } from '../../config/logger.ts';
import type { Relay, RelayRequest } from '../../portwrap/index.ts';
import type { ServerRecord } from '../records/record.ts';
import { makeDirectory } from '../system/make-directory.ts';

type Subject = Pick<ServerRecord, 'id' | 'sandbox'>;

export interface Relays {
  /**
   * A connection towards a port inside the server. It is closed at once where nothing inside accepts it. Throws
   * PORT_UNANSWERED when nothing listens there, FORWARD_FAILED or TOOL_MISSING when there can be no relay, LIMIT_REACHED
   * when too many are in use.
   */
  connect(record: Subject, port: number, use?: RelayUse): Promise<Socket>;
  /** Ends all relays. */
  close(): Promise<void>;
}

/** pages: the relay is kept for a while, since more connections follow. question: a relay that served nothing else ends. */
export type RelayUse = 'pages' | 'question';

export interface RelaysInput {
  /** For their sockets; what an earlier service left in it is removed. */
  readonly directory: string;
  readonly start: (request: Pick<RelayRequest, 'child' | 'port' | 'directory'>) => Promise<Relay>;
  /** The TCP ports that are open inside: a relay is made for one of these only. */
  readonly openPorts: (record: Pick<ServerRecord, 'sandbox'>) => Promise<readonly number[]>;
  /** Milliseconds that a relay is kept without a connection. */
  readonly idleTimeout: number;
  readonly log: Logger;
}

/** Relays into one server at the same time. Each is two small processes. */
const mostPerServer = 16;

interface Entry {
  readonly server: string;
  readonly relay: Promise<Relay>;
  connections: number;
  /** Whether it has served anything but questions. */
  isKept: boolean;
  idle: NodeJS.Timeout | undefined;
}

export function createRelays({ directory, start, openPorts, idleTimeout, log }: RelaysInput): Relays {
  const entries = new Map<string, Entry>();
  let made = 0;
  let closed = false;
  // relays of a service before this one have ended with it
  rmSync(directory, { recursive: true, force: true });
  makeDirectory(directory, 0o700);

  function open(server: string, child: RelayRequest['child'], port: number, key: string): Entry {
    const own = [...entries].filter(([, entry]) => entry.server === server);
    if (own.length >= mostPerServer) makeRoom(own);
    made += 1;
    const relay = start({ child, port, directory: join(directory, String(made)) });
    const entry: Entry = { server, relay, connections: 0, isKept: false, idle: undefined };
    entries.set(key, entry);
    const forget = () => {
      clearTimeout(entry.idle);
      if (entries.get(key) === entry) entries.delete(key);
    };
    relay.then(({ gone }) => gone.catch(() => {}).then(forget), forget);
    return entry;
  }

  function makeRoom(own: readonly (readonly [string, Entry])[]): void {
    const unused = own.find(([, { connections }]) => connections === 0);
    if (unused === undefined) {
      throw new PortwrapError('LIMIT_REACHED', `${mostPerServer} ports of this server are in use already`, {
        hint: 'Close pages of other ports of this server first.',
      });
    }
    end(...unused);
  }

  function end(key: string, entry: Entry): void {
    if (entries.get(key) === entry) entries.delete(key);
    clearTimeout(entry.idle);
    entry.relay
      .then((relay) => relay.close())
      .catch((error: Error) => log.warn({ reason: error.message }, 'a relay did not end well'));
  }

  function release(key: string, entry: Entry): void {
    entry.connections -= 1;
    if (entry.connections > 0 || entries.get(key) !== entry) return;
    if (!entry.isKept) return void end(key, entry);
    entry.idle = setTimeout(() => end(key, entry), idleTimeout).unref();
  }

  async function connectOnce({ id, sandbox }: Subject, port: number, use: RelayUse): Promise<Socket> {
    if (sandbox === null || closed)
      throw new PortwrapError('FORWARD_FAILED', 'the server does not run on this machine');
    const key = JSON.stringify([id, sandbox.child, port]);
    if (!entries.has(key) && !(await openPorts({ sandbox })).includes(port))
      throw new PortwrapError('PORT_UNANSWERED', `no program in the server listens on port ${port}`);
    const entry = entries.get(key) ?? open(id, sandbox.child, port, key);
    clearTimeout(entry.idle);
    entry.connections += 1;
    if (use === 'pages') entry.isKept = true;
    try {
      // a client that closes its half may still receive
      const socket = connect({ path: (await entry.relay).path, allowHalfOpen: true });
      await once(socket, 'connect');
      socket.once('close', () => release(key, entry));
      return socket;
    } catch (error) {
      release(key, entry);
      throw error;
    }
  }

  return {
    async connect(record, port, use = 'pages') {
      try {
        return await connectOnce(record, port, use);
      } catch (error) {
        // it ended a moment ago
        if (!['ECONNREFUSED', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
        return connectOnce(record, port, use);
      }
    },
    async close() {
      closed = true;
      const open = [...entries.values()];
      entries.clear();
      for (const { idle } of open) clearTimeout(idle);
      await Promise.allSettled(open.map(({ relay }) => relay.then((one) => one.close())));
    },
  };
}
