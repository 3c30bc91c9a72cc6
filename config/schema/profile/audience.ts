// The keys `users`, `groups` and `unix_groups`: to whom a profile, or one choice of an option, is offered.
// Not here: the decision (spawner/requests/offered-profiles.ts).
import { z } from 'zod';

const names = z.array(z.string().min(1).max(255)).nullable().default(null);

/** `what` is offered, in the descriptions. */
export function audienceShape(what: string) {
  return {
    users: names.meta({
      description: `The users of the hub to whom ${what} is offered. null in users, groups and unix_groups: everyone. Otherwise only those in users and the members of groups or unix_groups see and start it.`,
      examples: [['alice', 'bob']],
    }),
    groups: names.meta({
      description: `The groups, of the hub, to whose members ${what} is offered; see users.`,
      examples: [['staff']],
    }),
    unix_groups: names.meta({
      description: `The groups, of this machine, to whose members ${what} is offered; see users. The account of the user is asked for (accounts.mode system); one that does not exist yet has none.`,
      examples: [['gpu-users']],
    }),
  } as const;
}

export interface Audience {
  readonly users: readonly string[] | null;
  readonly groups: readonly string[] | null;
  readonly unix_groups: readonly string[] | null;
}

/** The paths below a profile where Unix groups decide. */
export function unixGroupsIn(
  profile: Audience & { readonly options: readonly { readonly choices: readonly Audience[] }[] },
): PropertyKey[][] {
  return [
    ...(profile.unix_groups === null ? [] : [['unix_groups']]),
    ...profile.options.flatMap(({ choices }, option) =>
      choices.flatMap(({ unix_groups: groups }, choice) =>
        groups === null ? [] : [['options', option, 'choices', choice, 'unix_groups']],
      ),
    ),
  ];
}
