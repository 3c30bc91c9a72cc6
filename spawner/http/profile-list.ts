// The request for what a user may start: the profiles that are offered, as the hub shows them in its form.
import type { RequestHandler } from 'express';
import type { Config, Hub, Profile } from '../../config/load.ts';
import { offeredProfiles } from '../requests/offered-profiles.ts';
import type { PersonOf } from '../requests/person.ts';
import { countFree, countNothing } from '../servers/admission.ts';
import type { Servers } from '../servers/servers.ts';
import { hubOf } from './caller.ts';
import { queries } from './operations.ts';
import { parseKey, parseQuery } from './parse.ts';
import { profileView } from './profile-view.ts';

interface ProfileListInput {
  readonly profiles: () => readonly Profile[];
  readonly gpus: () => Config['gpus'];
  readonly hubs: () => readonly Hub[];
  readonly hostAddress: string;
  readonly personOf: PersonOf;
  readonly servers: Pick<Servers, 'list'>;
  /** Before that it is not known which servers there are. */
  readonly isReady: () => boolean;
}

export function profileList(input: ProfileListInput): RequestHandler {
  const { profiles, gpus, hubs, hostAddress, personOf, servers, isReady } = input;
  return async (request, response) => {
    const { user } = parseKey(request, hubOf(request, response, hubs()));
    const { group: groups } = parseQuery(queries.person, request);
    const person = await personOf(user, groups);
    const records = servers.list().map(({ record }) => record);
    const view = {
      ...{ person, hostAddress },
      countFree: isReady() ? countFree(gpus().devices, records) : countNothing,
    };
    response.json(offeredProfiles(profiles(), person).map((profile) => profileView(profile, view)));
  };
}
