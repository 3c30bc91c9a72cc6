// What a launcher is given to start a server: the request, with the limits in force and what its user chose.
// Not here: whether the server may be started (servers.ts), the check of each option (requests/user-options.ts).
import { PortwrapError } from '../../config/errors.ts';
import type { Profile } from '../../config/load.ts';
import type { Launcher, LaunchRequest } from '../launchers/launcher.ts';
import { limitsInForce, limitVariables } from '../requests/limits-in-force.ts';
import { chosenOptions } from '../requests/user-options.ts';

/** Throws OPTION_INVALID, or TLS_UNSUPPORTED when the launcher cannot hand over the certificate of the request. */
export function launchRequest(
  asked: Omit<LaunchRequest, 'jobFields'>,
  { givesCertificates }: Pick<Launcher, 'givesCertificates'>,
): LaunchRequest {
  const { profile, request } = asked;
  if (request.tls !== undefined && !givesCertificates) throw noCertificate(profile);
  const { environment, resources, job } = chosenOptions(profile.options, request.user_options);
  const limits = limitsInForce({ ...profile.resources, ...resources }, request.limits);
  return {
    ...asked,
    profile: { ...profile, resources: limits },
    request: { ...request, env: { ...request.env, ...limitVariables(limits), ...environment } },
    jobFields: job,
  };
}

function noCertificate({ name }: Profile): PortwrapError {
  return new PortwrapError(
    'TLS_UNSUPPORTED',
    `servers of the profile "${name}" cannot have a certificate, which JupyterHub's internal_ssl needs`,
  );
}
