// Who asks for a server: their groups of the hub, and of this machine where the configuration has rules about those.
// Not here: what is offered to them (offered-profiles.ts), reading the user database (launchers/system-accounts.ts).
import type { Profile } from '../../config/load.ts';
import { unixGroupsIn } from '../../config/schema/profile/audience.ts';
import type { Person } from './offered-profiles.ts';

/** `groups` are those of the hub. */
export type PersonOf = (user: string, groups: readonly string[]) => Promise<Person>;

export function createPersonOf(
  profiles: () => readonly Profile[],
  unixGroupsOf: (user: string) => Promise<readonly string[]>,
): PersonOf {
  return async (user, groups) => {
    const areNeeded = profiles().some((profile) => unixGroupsIn(profile).length > 0);
    return { user, groups, unixGroups: areNeeded ? await unixGroupsOf(user) : [] };
  };
}
