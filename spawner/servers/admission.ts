// Whether one more server may be started: limits of the service, of a user and of a profile; and what is free now, for
// people who choose. Starts that are allowed may still have to wait for their turn (start-queue.ts).
import { PortwrapError } from '../../config/errors.ts';
import type { Config, Profile } from '../../config/load.ts';
import { type ServerKey, type ServerRecord, serverLabel } from '../records/record.ts';
import { isAlive } from '../records/server-state.ts';
import { freeGpus } from './gpus.ts';

/** Throws LIMIT_REACHED naming the limit. `records` are those of all servers that are known. */
export function checkLimits(
  limits: Config['limits'],
  profile: Profile,
  key: ServerKey,
  records: Iterable<ServerRecord>,
): void {
  const alive = [...records].filter(({ state }) => isAlive(state));
  const ofUser = alive.filter(({ hub, user }) => hub === key.hub && user === key.user);
  const ofProfile = alive.filter((record) => record.profile === profile.name);
  const refuse = (what: string, limit: number) => {
    throw new PortwrapError('LIMIT_REACHED', `${what} already, and ${limit} is the limit`, {
      server: serverLabel(key),
    });
  };
  if (ofUser.length >= limits.servers_per_user)
    refuse(`${key.user} has ${ofUser.length} servers`, limits.servers_per_user);
  if (profile.max_servers !== null && ofProfile.length >= profile.max_servers)
    refuse(`${ofProfile.length} servers of the profile "${profile.name}" run`, profile.max_servers);
  if (alive.length >= limits.servers) refuse(`${alive.length} servers run`, limits.servers);
}

/** How much of something is free, and how much a server needs. */
interface Free {
  readonly what: 'gpus' | 'servers';
  readonly free: number;
  readonly total: number;
  readonly needed: number;
}

/** Empty where nothing is counted: no GPU is needed, or no limit is set. */
export interface CountFree {
  gpus(needed: number): Free[];
  servers(profile: Pick<Profile, 'name' | 'max_servers'>): Free[];
}

export const countNothing: CountFree = { gpus: () => [], servers: () => [] };

/** `records` are those of all servers that are known. */
export function countFree(devices: Config['gpus']['devices'], records: readonly ServerRecord[]): CountFree {
  const free = freeGpus(devices, records).length;
  const alive = records.filter(({ state }) => isAlive(state));
  return {
    gpus: (needed) => (needed === 0 ? [] : [{ what: 'gpus', free, total: devices.length, needed }]),
    servers({ name, max_servers: total }) {
      if (total === null) return [];
      const used = alive.filter(({ profile }) => profile === name).length;
      return [{ what: 'servers', free: Math.max(0, total - used), total, needed: 1 }];
    },
  };
}
