// The command of a server: that of the hub or the profile, through a login shell where the profile says so. Pure.
// Not here: its environment (sandbox-spec.ts, slurm/job-spec.ts).
import type { Profile } from '../../config/load.ts';
import { substituteGuestPort } from '../../portwrap/index.ts';
import type { StartRequest } from '../requests/start-request.ts';

export function serverCommand(
  profile: Pick<Profile, 'command' | 'login_shell' | 'path'>,
  request: Pick<StartRequest, 'command' | 'args'>,
  guestPort: number,
): string[] {
  const command = substituteGuestPort([...(request.command ?? profile.command), ...request.args], guestPort);
  if (!profile.login_shell) return command;
  return ['/bin/bash', '-l', '-c', loginScript, 'portwrap', profile.path.join(':'), ...command];
}

/** /etc/profile may set another PATH; the directories of the profile then come after it. */
const loginScript = 'PATH=$PATH:$1; shift; exec "$@"';
