// Who asks for a server: their groups of the hub, and of this machine where the configuration has rules about those; and
// whether they are among those whom a rule names.
// Not here: what is offered to them (offered-profiles.ts), reading the user database (launchers/system-accounts.ts).
import type { Profile } from '../../config/load.ts';
import { type Audience, unixGroupsIn } from '../../config/schema/profile/audience.ts';

/** By name and groups as the hub knows them, and by the groups of the account. */
export interface Person {
  readonly user: string;
  readonly groups: readonly string[];
  readonly unixGroups: readonly string[];
}

/** Where nobody is named, everybody is meant. */
export function includes({ users, groups, unix_groups: unixGroups }: Audience, person: Person): boolean {
  if (users === null && groups === null && unixGroups === null) return true;
  return (
    (users?.includes(person.user) ?? false) ||
    (groups?.some((group) => person.groups.includes(group)) ?? false) ||
    (unixGroups?.some((group) => person.unixGroups.includes(group)) ?? false)
  );
}

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
