// The doors by which users enter their own servers with `portwrap enter`: one for each account that has servers on this
// machine. Only a service of root has any: with another account, users have no accounts of their own.
// Not here: what a door does (door.ts).
import { readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from '../../config/logger.ts';
import { isStaleSocket } from '../../config/system/stale-socket.ts';
import { doorsDirectory, filterFile, readIds, type SandboxRecord } from '../../portwrap/index.ts';
import type { Launcher, RunningServer } from '../launchers/launcher.ts';
import type { ServerRecord } from '../records/record.ts';
import { makeDirectory } from '../system/make-directory.ts';
import { type GuardedServer, openDoor, unfinishedDoors } from './door.ts';

export interface Doors {
  /** That launcher; its servers can be entered while they run. */
  guard(launcher: Launcher): Launcher;
  close(): void;
}

export interface DoorsInput {
  readonly asRoot: boolean;
  /** Names this service's directory. */
  readonly stateId: string;
  readonly log: Logger;
  readonly directory?: string;
}

export function createDoors({ asRoot, stateId, log, directory = doorsDirectory }: DoorsInput): Doors {
  const own = join(directory, stateId);
  const servers = new Map<GuardedServer, number>();
  const closing = new Map<number, () => void>();
  const stale = (error: Error) =>
    log.warn({ directory, reason: error.message }, 'doors of services that have ended cannot be removed');
  if (asRoot) {
    try {
      // nobody listens at these: the state directory, whose id they have, is this service's alone
      rmSync(own, { recursive: true, force: true });
    } catch (error) {
      stale(error as Error);
    }
    removeStale(directory, stateId).catch(stale);
  }

  const open = (uid: number) => {
    if (closing.has(uid)) return;
    makeDirectory(directory, 0o755);
    makeDirectory(own, 0o755);
    const behind = () => [...servers].filter(([, owner]) => owner === uid).map(([server]) => server);
    closing.set(uid, openDoor({ path: join(own, String(uid)), uid, servers: behind, log }));
  };
  const leave = (server: GuardedServer) => {
    const uid = servers.get(server);
    servers.delete(server);
    if (uid === undefined || [...servers.values()].includes(uid)) return;
    closing.get(uid)?.();
    closing.delete(uid);
  };
  const add = (record: ServerRecord, running: RunningServer) => {
    const { sandbox } = running.place;
    if (!asRoot || sandbox === null) return;
    const idsNow = () => readIds(sandbox.child.pid);
    const ids = idsNow();
    if (ids === null) return; // it has ended already
    try {
      const server = guarded(record, sandbox);
      servers.set(server, ids.uid);
      open(ids.uid);
      const remove = () => leave(server);
      running.exited.then(remove, remove);
    } catch (error) {
      if (idsNow() === null) return; // it ended meanwhile
      // it was started by an earlier version
      log.warn({ user: record.user, reason: String(error) }, 'a server cannot be entered by its user');
    }
  };
  return {
    guard: (launcher) => ({
      ...launcher,
      async start(launch, abort, steps) {
        const running = await launcher.start(launch, abort, steps);
        add(launch.record, running);
        return running;
      },
      async adopt(record, abort, steps) {
        const found = await launcher.adopt(record, abort, steps);
        if (found.kind === 'running') add(record, found.server);
        return found;
      },
    }),
    close() {
      for (const close of closing.values()) close();
      closing.clear();
      removeEmpty(own);
      removeEmpty(directory);
    },
  };
}

function guarded(
  { id, hub, user, name }: ServerRecord,
  { child, directory, cgroup }: SandboxRecord,
): GuardedServer {
  const filter = readFileSync(join(directory, filterFile)).toString('hex');
  return { id, hub, user, name, child, filter, cgroup };
}

/** Of services that were killed and did not come back. */
async function removeStale(directory: string, ownId: string): Promise<void> {
  for (const service of namesIn(directory).filter((name) => name !== ownId)) {
    const of = join(directory, service);
    // those that were being made first, or their directory would stay
    for (const place of [join(of, unfinishedDoors), of]) {
      for (const uid of namesIn(place).filter((name) => /^\d+$/.test(name))) {
        const path = join(place, uid);
        if (await isStaleSocket(path)) rmSync(path, { force: true });
      }
      removeEmpty(place);
    }
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function removeEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch {
    // another service has a door there, or it does not exist
  }
}
