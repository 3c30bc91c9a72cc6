// What a launcher is given to start a server: the request, with what its user chose in environment and limits.
// Not here: whether the server may be started (servers.ts), the check of each option (requests/user-options.ts).
import { PortwrapError } from '../../config/errors.ts';
import type { Profile } from '../../config/load.ts';
import type { Launcher, LaunchRequest } from '../launchers/launcher.ts';
import { chosenOptions } from '../requests/user-options.ts';

/** Throws OPTION_INVALID, or TLS_UNSUPPORTED when the launcher cannot hand over the certificate of the request. */
export function launchRequest(
  asked: Omit<LaunchRequest, 'jobFields'>,
  { givesCertificates }: Pick<Launcher, 'givesCertificates'>,
): LaunchRequest {
  const { profile, request } = asked;
  if (request.tls !== undefined && !givesCertificates) throw noCertificate(profile);
  const { environment, resources, job } = chosenOptions(profile.options, request.user_options);
  return {
    ...asked,
    profile: { ...profile, resources: { ...profile.resources, ...resources } },
    request: { ...request, env: { ...request.env, ...environment } },
    jobFields: job,
  };
}

function noCertificate({ name }: Profile): PortwrapError {
  return new PortwrapError(
    'TLS_UNSUPPORTED',
    `servers of the profile "${name}" cannot have a certificate, which JupyterHub's internal_ssl needs`,
  );
}
