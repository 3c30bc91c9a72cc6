// All servers of all hubs: one per hub, user and server name. Start and stop are idempotent by spawn id, and
// a stop beats a late start. Not here: the life of one (server.ts).
import { closeSync, openSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PortwrapError } from '../config/errors.ts';
import type { Config, Hub, Profile } from '../config/load.ts';
import { adoptSandbox, destroySandbox, type LaunchContext, launch } from '../portwrap/index.ts';
import type { Accounts } from './accounts.ts';
import { recordId, type ServerKey, type ServerRecord, serverLabel } from './record.ts';
import { sandboxSpec } from './sandbox-spec.ts';
import { endedServer, runServer, type Server, type ServerParts, type ServerPlan } from './server.ts';
import type { StartRequest } from './start-request.ts';
import type { StateDirectory } from './state-directory.ts';

export interface Servers {
  /** Starts a server, or finds the one that this spawn id has started. */
  start(hub: Hub, user: string, name: string, request: StartRequest): { server: Server; created: boolean };
  /** The server, if it is known and of that incarnation. */
  find(key: ServerKey, spawnId?: string): Server | undefined;
  ofHub(hub: string): Server[];
  /** Settles when the server is gone and forgotten. */
  stop(key: ServerKey, spawnId: string | undefined, now: boolean): Promise<void>;
  /** Takes over what a service before this one left: adopts what lives, ends what was half-done. */
  reconcile(): Promise<void>;
  /** Lets go of all servers without ending them. */
  leave(): void;
}

export interface ServersInput extends ServerParts {
  readonly config: Config;
  readonly context: LaunchContext;
  readonly accounts: Accounts;
  readonly state: StateDirectory;
}

/** Stops that came before their start are remembered for this many spawn ids. */
const mostTombstones = 10_000;

export function createServers(input: ServersInput): Servers {
  const { config, state, records, log } = input;
  const servers = new Map<string, Server>();
  const tombstones = new Set<string>();

  const forget = async (key: ServerKey, server: Server) => {
    if (servers.get(mapKey(key)) === server) servers.delete(mapKey(key));
    await rm(logFile(server.record.id), { force: true });
    await records.remove(server.record.id);
  };
  const logFile = (id: string) => join(state.logs, `${id}.log`);

  function planOf(record: ServerRecord, profile: Profile, obtain: ServerPlan['obtain']): ServerPlan {
    return {
      record,
      obtain,
      sandboxDirectory: join(state.sandboxes, record.id),
      logFile: logFile(record.id),
      readyTimeout: profile.ready_timeout,
      stopTimeout: profile.stop_timeout,
    };
  }

  /** The steps from an accepted request to a running sandbox. */
  function launcher(
    hub: Hub,
    profile: Profile,
    request: StartRequest,
    id: string,
    user: string,
  ): ServerPlan['obtain'] {
    return async (abort, report) => {
      report({ progress: 5, message: `Starting ${profile.description || profile.name}` });
      const tenant = await input.accounts.resolve(user);
      const output = openSync(logFile(id), 'a', 0o600);
      try {
        const spec = await sandboxSpec({
          ...{ request, hub, profile, tenant, user },
          directory: join(state.sandboxes, id),
          stateDirectory: state.path,
          hostAddress: config.ports.host_address,
          hostPorts: input.ports.candidates(),
          log: output,
        });
        report({ progress: 20, message: 'Building the sandbox' });
        return await launch(input.context, spec, abort);
      } finally {
        closeSync(output);
      }
    };
  }

  function adopt(record: ServerRecord): void {
    if (record.state === 'exited') return void servers.set(mapKey(record), endedServer(record));
    // a profile that was removed does not end its servers: only the timeouts are taken from another
    const profile = config.profiles.find(({ name }) => name === record.profile) ?? config.profiles[0];
    if (profile === undefined) return;
    const obtain: ServerPlan['obtain'] = async () => {
      if (record.sandbox !== null) return adoptSandbox(input.context, record.sandbox);
      await destroySandbox(join(state.sandboxes, record.id));
      throw new PortwrapError(
        'SPAWN_CANCELLED',
        'the service was restarted while this server was being started',
        {
          hint: 'Start it again.',
        },
      );
    };
    servers.set(mapKey(record), runServer(input, planOf(record, profile, obtain)));
  }

  return {
    start(hub, user, name, request) {
      const key = { hub: hub.name, user, name };
      const current = servers.get(mapKey(key));
      if (current?.record.spawn_id === request.spawn_id) return { server: current, created: false };
      if (tombstones.has(tombstone(key, request.spawn_id))) {
        throw new PortwrapError(
          'SPAWN_CANCELLED',
          `the start of ${serverLabel(key)} was cancelled before it arrived`,
        );
      }
      if (current !== undefined && current.record.state !== 'exited') {
        throw new PortwrapError(
          'SPAWN_CONFLICT',
          `${serverLabel(key)} is ${current.record.state} under another spawn id`,
          {
            server: serverLabel(key),
          },
        );
      }
      const profile = findProfile(config, request.profile);
      if (current !== undefined) void forget(key, current);
      const record = newRecord(key, profile, request);
      const plan = planOf(record, profile, launcher(hub, profile, request, record.id, user));
      const server = runServer(input, plan);
      servers.set(mapKey(key), server);
      return { server, created: true };
    },
    find(key, spawnId) {
      const server = servers.get(mapKey(key));
      return spawnId === undefined || server?.record.spawn_id === spawnId ? server : undefined;
    },
    ofHub: (hub) => [...servers.values()].filter(({ record }) => record.hub === hub),
    async stop(key, spawnId, now) {
      const server = this.find(key, spawnId);
      if (server === undefined) {
        if (spawnId !== undefined) remember(tombstones, tombstone(key, spawnId));
        return;
      }
      await server.stop(now);
      await forget(key, server);
    },
    async reconcile() {
      const known = await records.load();
      for (const record of known) {
        if (config.hubs.some(({ name }) => name === record.hub)) adopt(record);
        else
          log.error(
            { hub: record.hub, server: serverLabel(record) },
            'a server of an unknown hub is left alone',
          );
      }
      await removeStrays(state, new Set(known.map(({ id }) => id)));
      log.info({ servers: known.length }, 'took over what an earlier service left');
    },
    leave() {
      for (const server of servers.values()) server.leave();
    },
  };
}

function newRecord(key: ServerKey, profile: Profile, request: StartRequest): ServerRecord {
  return {
    id: recordId(key, request.spawn_id),
    ...key,
    spawn_id: request.spawn_id,
    profile: profile.name,
    route_prefix: request.route_prefix ?? null,
    ready_path: profile.ready_path.replaceAll('{prefix}', request.route_prefix ?? '/'),
    state: 'starting',
    started: new Date().toISOString(),
    sandbox: null,
    exit: null,
    error: null,
  };
}

function findProfile(config: Config, name: string | undefined): Profile {
  const found =
    name === undefined ? config.profiles[0] : config.profiles.find((profile) => profile.name === name);
  if (found === undefined) throw new PortwrapError('PROFILE_UNKNOWN', `there is no profile "${name}"`);
  return found;
}

/** Sandboxes without a record cannot be anybody's: the record is written first. */
async function removeStrays(state: StateDirectory, known: ReadonlySet<string>): Promise<void> {
  for (const id of await readdir(state.sandboxes)) {
    if (!known.has(id)) await destroySandbox(join(state.sandboxes, id));
  }
}

function remember(tombstones: Set<string>, entry: string): void {
  tombstones.add(entry);
  for (const oldest of tombstones) {
    if (tombstones.size <= mostTombstones) return;
    tombstones.delete(oldest);
  }
}

function mapKey({ hub, user, name }: ServerKey): string {
  return JSON.stringify([hub, user, name]);
}

function tombstone(key: ServerKey, spawnId: string): string {
  return JSON.stringify([key.hub, key.user, key.name, spawnId]);
}
