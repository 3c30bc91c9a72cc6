// All servers of all hubs: one per hub, user and server name. Start and stop are idempotent by spawn id, and
// a stop beats a late start. Not here: the life of one (server.ts), a restart (reconcile.ts).
import { PortwrapError } from '../../config/errors.ts';
import type { Config, Hub, Profile } from '../../config/load.ts';
import { bytesOf } from '../../config/schema/values/size.ts';
import type { Launchers } from '../launchers/launcher.ts';
import { logFileOf, removeLog } from '../logs/files.ts';
import {
  keyText,
  noPlacement,
  recordId,
  type ServerKey,
  type ServerRecord,
  serverLabel,
} from '../records/record.ts';
import { isAlive } from '../records/server-state.ts';
import type { ServerTokens } from '../records/server-tokens.ts';
import { offeredProfile } from '../requests/offered-profiles.ts';
import type { Person } from '../requests/person.ts';
import { requestDigest } from '../requests/request-digest.ts';
import { fingerprintOf } from '../requests/server-certificate.ts';
import type { StartRequest } from '../requests/start-request.ts';
import { storageFailure } from '../system/storage-failure.ts';
import { checkLimits } from './admission.ts';
import { assignGpus } from './gpus.ts';
import { type Chosen, checkCertificate, withChoices } from './launch-request.ts';
import type { ServerParts } from './life.ts';
import { runServer, type Server } from './server.ts';
import { createTombstones } from './tombstones.ts';

export interface Servers {
  /** Starts a server, or finds the one that this spawn id has started. */
  start(hub: Hub, person: Person, name: string, request: StartRequest): { server: Server; created: boolean };
  /** Adds a server that an earlier service has started. */
  adopt(server: Server): void;
  /** The server, if it is known and has that spawn id. */
  find(key: ServerKey, spawnId?: string): Server | undefined;
  /** Those of one hub, or all. */
  list(hub?: string): Server[];
  /** Settles when the server is gone and forgotten. */
  stop(key: ServerKey, spawnId: string | undefined, now: boolean, reason?: PortwrapError): Promise<void>;
  /** Asks every server to end and settles when they are gone; their records stay, for their hubs. */
  stopAll(): Promise<void>;
  /** Lets go of all servers without ending them. */
  leave(): void;
}

export interface ServersInput extends ServerParts {
  readonly config: () => Config;
  readonly launchers: Launchers;
  readonly tokens: Pick<ServerTokens, 'keep' | 'forget'>;
}

export function createServers(input: ServersInput): Servers {
  const { launchers } = input;
  const servers = new Map<string, Server>();
  const tombstones = createTombstones();

  const drop = (key: ServerKey, server: Server) => {
    if (servers.get(keyText(key)) === server) servers.delete(keyText(key));
  };
  const forget = async (key: ServerKey, server: Server) => {
    drop(key, server);
    await removeFiles(input, server.record);
  };

  function admissible(
    key: ServerKey,
    person: Person,
    current: Server | undefined,
    request: StartRequest,
  ): Admitted {
    if (tombstones.has(key, request.spawn_id)) {
      const message = `the start of ${serverLabel(key)} was cancelled before it arrived`;
      throw new PortwrapError('SPAWN_CANCELLED', message);
    }
    if (current !== undefined && isAlive(current.record.state)) {
      throw conflict(key, `is ${current.record.state} under another spawn id`);
    }
    const config = input.config();
    const profile = offeredProfile(config.profiles, person, request.profile);
    const others = [...servers.values()].map(({ record }) => record);
    checkLimits(config.limits, profile, key, others);
    const chosen = withChoices(profile, request, person);
    return { ...chosen, gpus: assignGpus(config.gpus, chosen.profile, key, others) };
  }

  return {
    start(hub, person, name, request) {
      const key = { hub: hub.name, user: person.user, name };
      const digest = requestDigest(request);
      const current = servers.get(keyText(key));
      if (current?.record.spawn_id === request.spawn_id) {
        const before = current.record.request_digest;
        if (before === '' || before === digest) return { server: current, created: false };
        throw conflict(key, 'was started under this spawn id by another request');
      }
      const { route_host: host } = request;
      if (host !== undefined && input.portRoutes.isTaken(host)) {
        const message = `${host}, the host of ${person.user}, has the form of a port's`;
        throw new PortwrapError('USER_REFUSED', message, { hint: 'Ask an administrator for another name.' });
      }
      const { gpus, settings, ...chosen } = admissible(key, person, current, request);
      const { profile } = chosen;
      const record = { ...newRecord(key, profile, request, digest), gpus, settings };
      const launcher = launchers[record.launcher];
      checkCertificate(chosen, launcher);
      const launch = { ...chosen, hub, record };
      keepToken(input, record, launch.request.env);
      if (current !== undefined) void forget(key, current);
      const server = runServer(input, { record, launcher, launch, timeouts: profile });
      servers.set(keyText(key), server);
      // if the record cannot be written, undo the start; the caller gets the error and may retry
      server.recorded.catch(async () => {
        drop(key, server);
        await server.ended;
        await forget(key, server);
      });
      return { server, created: true };
    },
    adopt: (server) => void servers.set(keyText(server.record), server),
    find(key, spawnId) {
      const server = servers.get(keyText(key));
      return spawnId === undefined || server?.record.spawn_id === spawnId ? server : undefined;
    },
    list: (hub) => [...servers.values()].filter(({ record }) => hub === undefined || record.hub === hub),
    async stop(key, spawnId, now, reason) {
      const server = this.find(key, spawnId);
      // also of a server that is known: its start may have been sent twice, and the second may still arrive
      const stopped = spawnId ?? server?.record.spawn_id;
      if (stopped !== undefined) tombstones.add(key, stopped);
      if (server === undefined) return;
      await server.stop(now, reason);
      await forget(key, server);
    },
    async stopAll() {
      await Promise.all([...servers.values()].map((server) => server.stop(false)));
    },
    leave() {
      for (const server of servers.values()) server.leave();
    },
  };
}

interface Admitted extends Chosen {
  /** The names of those that it gets. */
  readonly gpus: readonly string[];
}

/** Files that cannot be removed now stay behind: a server that is gone is gone all the same. */
async function removeFiles({ records, state, log }: ServersInput, record: ServerRecord): Promise<void> {
  const { id, hub, user } = record;
  const [written, output] = await Promise.allSettled([records.remove(id), removeLog(logFileOf(state, id))]);
  const failed = [written, output].find((outcome) => outcome.status === 'rejected');
  if (failed === undefined) return;
  const { code, message, hint } = storageFailure(
    failed.reason,
    'files of a server could not be removed',
    state.path,
  );
  const whose = { hub, user, server: serverLabel(record) };
  log.warn({ ...whose, code, reason: message, hint }, 'could not remove files of a server');
}

function keepToken(
  { tokens, state }: ServersInput,
  record: ServerRecord,
  environment: StartRequest['env'],
): void {
  try {
    tokens.keep(record.id, environment);
  } catch (cause) {
    throw storageFailure(
      cause,
      'the token of the server could not be saved',
      state.path,
      serverLabel(record),
    );
  }
}

function newRecord(key: ServerKey, profile: Profile, request: StartRequest, digest: string): ServerRecord {
  const { memory, cpus } = profile.resources;
  return {
    id: recordId(key, request.spawn_id),
    ...key,
    spawn_id: request.spawn_id,
    request_digest: digest,
    profile: profile.name,
    route_prefix: request.route_prefix ?? null,
    route_host: request.route_host ?? null,
    ready_path: profile.ready_path.replaceAll('{prefix}', () => request.route_prefix ?? '/'),
    certificate: request.tls === undefined ? null : fingerprintOf(request.tls),
    state: 'starting',
    started: new Date().toISOString(),
    phases: {},
    launcher: profile.launcher,
    ...noPlacement,
    queue_timeout: profile.slurm.queue_timeout,
    gpus: [],
    settings: [],
    limits: { memory: memory === null ? null : bytesOf(memory), cpus },
    after_end: null,
    exit: null,
    error: null,
  };
}

function conflict(key: ServerKey, what: string): PortwrapError {
  const server = serverLabel(key);
  return new PortwrapError('SPAWN_CONFLICT', `${server} ${what}`, { server });
}
