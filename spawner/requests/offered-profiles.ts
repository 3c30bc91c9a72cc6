// Which profiles, and which choices of their options, are offered to whom. The hub says who a user is and in which of its
// groups, the user database in which groups of this machine; the decision is here, for the list that a hub shows and for
// every start. Not here: limits (servers/admission.ts), what a user has chosen (user-options.ts).
import { PortwrapError } from '../../config/errors.ts';
import type { Profile, ProfileOption } from '../../config/load.ts';
import { nearest } from '../../config/nearest.ts';
import { includes, type Person } from './person.ts';

export type Choice = ProfileOption['choices'][number];

export function offeredProfiles(profiles: readonly Profile[], person: Person): readonly Profile[] {
  return profiles.filter((profile) => includes(profile, person));
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
  const names = offered.map((profile) => profile.name);
  throw new PortwrapError('PROFILE_UNKNOWN', `${what} for ${person.user}${didYouMean(name ?? '', names)}`);
}

export function offeredChoices({ choices }: ProfileOption, person: Person): readonly Choice[] {
  return choices.filter((choice) => includes(choice, person));
}

/** The default of an option for this person: of a choice that is not offered to them, the first one that is. */
export function defaultFor(option: ProfileOption, person: Person): ProfileOption['default'] {
  if (option.type !== 'choice' || option.default === null) return option.default;
  const names = offeredChoices(option, person).map(({ name }) => name);
  return names.find((name) => name === String(option.default)) ?? names[0] ?? null;
}

/** The end of a sentence about a word that is not known; empty when none of the known ones is near. */
export function didYouMean(word: string, known: readonly string[]): string {
  const meant = nearest(word, known);
  return meant === undefined ? '' : `; did you mean "${meant}"?`;
}
