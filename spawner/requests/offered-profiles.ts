// Which profiles are offered to whom. The hub says who a user is and in which groups; the decision is here, for
// the list that a hub shows and for every start. Not here: limits (servers/admission.ts), options (user-options.ts).
import { PortwrapError } from '../../config/errors.ts';
import type { Profile } from '../../config/load.ts';

/** Who asks, as the hub knows them. */
export interface Person {
  readonly user: string;
  readonly groups: readonly string[];
}

export function offeredProfiles(profiles: readonly Profile[], person: Person): readonly Profile[] {
  return profiles.filter((profile) => isOffered(profile, person));
}

/** By name, or the first one. Throws PROFILE_UNKNOWN: one that is not offered is not told from one that is not there. */
export function offeredProfile(
  profiles: readonly Profile[],
  person: Person,
  name: string | undefined,
): Profile {
  const offered = offeredProfiles(profiles, person);
  const found = name === undefined ? offered[0] : offered.find((profile) => profile.name === name);
  if (found !== undefined) return found;
  const what = name === undefined ? 'there is no profile' : `there is no profile "${name}"`;
  throw new PortwrapError('PROFILE_UNKNOWN', `${what} for ${person.user}`);
}

function isOffered({ users, groups }: Profile, person: Person): boolean {
  if (users === null && groups === null) return true;
  return (
    (users?.includes(person.user) ?? false) ||
    (groups?.some((group) => person.groups.includes(group)) ?? false)
  );
}
