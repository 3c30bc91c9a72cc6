// Converts a start into the specification for `portwrap job` on the node: the same sandbox as the local launcher's.
// Not here: the script around it (job-script.ts).
import type { Config } from '../../../config/load.ts';
import { type JobSpec, jobSpecVersion } from '../../../portwrap/index.ts';
import type { RunAs } from '../accounts.ts';
import type { LaunchRequest } from '../launcher.ts';
import { fileViewRequest, networkPolicy, serverEnvironment, workingDirectory } from '../sandbox-spec.ts';
import { serverCommand } from '../server-command.ts';
import { batchVariables } from './batch-variables.ts';

export interface JobSpecInput {
  readonly launch: LaunchRequest;
  readonly runAs: RunAs;
  readonly stateDirectory: string;
  readonly hostPorts: Config['ports']['range'];
  readonly report: JobSpec['report'];
}

export async function jobSpec({ launch, runAs, ...input }: JobSpecInput): Promise<JobSpec> {
  const { request, profile, hub, record } = launch;
  const { guest_port: guestPort } = profile;
  return {
    version: jobSpecVersion,
    report: input.report,
    batch: batchVariables,
    hints: {
      hostInterface: 'Correct "slurm.host_interface" of the profile.',
      reportUrl: 'Correct "slurm.report_url", or the routes of the node.',
    },
    command: serverCommand(profile, request, guestPort),
    environment: serverEnvironment(profile, request.env, runAs),
    workingDirectory: workingDirectory(profile, runAs, record.user),
    umask: profile.umask,
    files: fileViewRequest(profile, runAs, record.user, input.stateDirectory, []),
    policy: await networkPolicy(profile, hub),
    socketFamilies: profile.network.socket_families,
    openFiles: profile.resources.open_files,
    network: { forwarder: profile.forwarder, uplink: profile.uplink },
    hostInterface: profile.slurm.host_interface,
    hostPorts: input.hostPorts,
    guestPort,
    readyPath: record.ready_path,
    stopGrace: profile.stop_timeout * 1000,
  };
}
