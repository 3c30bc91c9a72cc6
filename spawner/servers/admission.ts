// Whether one more server may be started: limits of the service, of a user and of a profile. Starts that are
// allowed may still have to wait for their turn (start-queue.ts).
import { PortwrapError } from '../../config/errors.ts';
import type { Config, Profile } from '../../config/load.ts';
import { type ServerKey, type ServerRecord, serverLabel } from '../records/record.ts';
import { isAlive } from '../records/server-state.ts';

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
