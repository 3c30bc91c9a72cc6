// Who may share a port with whom, by the rules of a profile; and whom a share lets in, as long as the rules allow it.
// Pure. Not here: keeping shares (shares.ts).

import { PortwrapError } from '../../config/errors.ts';
import type { Profile } from '../../config/load.ts';
import { includes } from '../requests/person.ts';
import { type Grantees, granteesText, type Share } from './share.ts';

type Rule = Profile['port_sharing'][number];

/** The user of a server, with their groups. */
export interface Owner {
  readonly user: string;
  readonly groups: readonly string[];
}

/** A person who wants in. */
export interface Visitor {
  readonly name: string;
  readonly groups: readonly string[];
}

/** What this person may do by any of the rules; null: nothing. */
export function allowedSharing(rules: readonly Rule[], owner: Owner): SharingAllowed | null {
  const own = rules.filter((rule) => isFor(rule, owner));
  if (own.length === 0) return null;
  return {
    users: own.some((rule) => rule.with_users !== null || rule.with_everybody),
    groups: own.some((rule) => rule.with_groups !== null || rule.with_everybody),
    everybody: own.some((rule) => rule.with_everybody),
    longest: Math.max(...own.map(({ longest }) => longest)),
  };
}

export interface SharingAllowed {
  readonly users: boolean;
  readonly groups: boolean;
  readonly everybody: boolean;
  /** Seconds. */
  readonly longest: number;
}

/** Throws SHARE_REFUSED unless each grantee is allowed for so long, in seconds. */
export function refuseUnlessAllowed(
  rules: readonly Rule[],
  owner: Owner,
  grantees: Grantees,
  seconds: number,
): void {
  const refused = single(grantees).filter(
    (one) => !rules.some((rule) => isFor(rule, owner) && covers(rule, one) && seconds <= rule.longest),
  );
  if (refused.length === 0) return;
  const whom = refused.map(granteesText).join(', ');
  throw new PortwrapError(
    'SHARE_REFUSED',
    `${owner.user} may not share ports with ${whom}, or not for so long`,
  );
}

/** Whether the share lets that person in, if the rules still allow what lets them in. */
export function letsIn(share: Share, { name, groups }: Visitor, rules: readonly Rule[]): boolean {
  const owner = { user: share.user, groups: share.owner_groups };
  const isMeant = (one: Grantees) =>
    one.everybody || one.users.includes(name) || one.groups.some((group) => groups.includes(group));
  return single(share).some(
    (one) => isMeant(one) && rules.some((rule) => isFor(rule, owner) && covers(rule, one)),
  );
}

function isFor({ users, groups }: Rule, owner: Owner): boolean {
  return includes({ users, groups, unix_groups: null }, { ...owner, unixGroups: [] });
}

function covers({ with_users, with_groups, with_everybody }: Rule, one: Grantees): boolean {
  if (with_everybody) return true;
  const has = (names: readonly string[] | null, name: string) =>
    names !== null && (names.includes('*') || names.includes(name));
  return (
    !one.everybody &&
    one.users.every((user) => has(with_users, user)) &&
    one.groups.every((group) => has(with_groups, group))
  );
}

/** One for each user and group, and for everybody. */
function single({ users, groups, everybody }: Grantees): Grantees[] {
  const nobody = { users: [], groups: [], everybody: false };
  return [
    ...users.map((user) => ({ ...nobody, users: [user] })),
    ...groups.map((group) => ({ ...nobody, groups: [group] })),
    ...(everybody ? [{ ...nobody, everybody }] : []),
  ];
}
