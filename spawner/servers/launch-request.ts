// What a launcher is given to start a server: the request and the profile, with what its user chose and the limits in
// force. Not here: whether the server may be started (servers.ts), the check of each option (requests/user-options.ts).
import { PortwrapError } from '../../config/errors.ts';
import type { Profile } from '../../config/load.ts';
import type { Launcher, LaunchRequest } from '../launchers/launcher.ts';
import { limitsInForce, limitVariables } from '../requests/limits-in-force.ts';
import type { Person } from '../requests/person.ts';
import type { StartRequest } from '../requests/start-request.ts';
import { chosenOptions, type Setting } from '../requests/user-options.ts';

/** Profile and request as they hold for one server. */
export interface Chosen extends Pick<LaunchRequest, 'profile' | 'request' | 'jobFields'> {
  readonly settings: readonly Setting[];
}

/** Throws OPTION_INVALID. */
export function withChoices(profile: Profile, request: StartRequest, person: Person): Chosen {
  const { environment, resources, program, job, settings } = chosenOptions(
    profile.options,
    request.user_options,
    person,
  );
  const limits = limitsInForce({ ...profile.resources, ...resources }, request.limits);
  const { command, ...asked } = request;
  const kept = command === undefined || program.command !== undefined ? {} : { command };
  return {
    profile: { ...profile, ...program, resources: limits },
    request: { ...asked, ...kept, env: { ...request.env, ...limitVariables(limits), ...environment } },
    jobFields: job,
    settings,
  };
}

/** Throws TLS_UNSUPPORTED when the launcher cannot hand over the certificate of the request. */
export function checkCertificate(
  { request, profile }: Pick<LaunchRequest, 'request' | 'profile'>,
  { givesCertificates }: Pick<Launcher, 'givesCertificates'>,
): void {
  if (request.tls === undefined || givesCertificates) return;
  throw new PortwrapError(
    'TLS_UNSUPPORTED',
    `servers of the profile "${profile.name}" cannot have a certificate, which JupyterHub's internal_ssl needs`,
  );
}
