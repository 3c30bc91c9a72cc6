// The request for what a user may start: the profiles that are offered, as the hub shows them in its form.
import type { RequestHandler } from 'express';
import type { Hub, Profile } from '../../config/load.ts';
import { offeredProfiles } from '../requests/offered-profiles.ts';
import { hubOf } from './caller.ts';
import { queries } from './operations.ts';
import { parseKey, parseQuery } from './parse.ts';
import { profileView } from './profile-view.ts';

export function profileList(
  profiles: () => readonly Profile[],
  hubs: () => readonly Hub[],
  hostAddress: string,
): RequestHandler {
  return (request, response) => {
    const { user } = parseKey(request, hubOf(request, response, hubs()));
    const { group: groups } = parseQuery(queries.person, request);
    const offered = offeredProfiles(profiles(), { user, groups });
    response.json(offered.map((profile) => profileView(profile, hostAddress)));
  };
}
