// The `slurm` launcher: runs a server as a job of the cluster, in the same sandbox on the node. Not here: submitting a
// job (submit.ts), watching it (held-job.ts, job/), the program on the node (portwrap/job/).
import { PortwrapError } from '../../../config/errors.ts';
import type { Config } from '../../../config/load.ts';
import type { Meter } from '../../records/meter.ts';
import type { JobPlacement, ServerRecord } from '../../records/record.ts';
import type { AdoptedServer, Launcher, LaunchRequest, LaunchSteps, RunningServer } from '../launcher.ts';
import { findSubmitted } from './find-submitted.ts';
import { type HeldJob, type HoldInput, holdJob, untilStarted } from './held-job.ts';
import { createNodeAddresses } from './job/node-addresses.ts';
import { jobName } from './sbatch-argv.ts';
import { secondsLeft } from './start-deadline.ts';
import { type SubmitInput, submitJob } from './submit.ts';

export interface SlurmLauncherInput extends SubmitInput, Omit<HoldInput, 'addresses'> {
  readonly slurm: Config['slurm'];
  readonly meter: Meter;
}

export function createSlurmLauncher(given: SlurmLauncherInput): Launcher {
  const input = { ...given, addresses: createNodeAddresses(given.slurm.node_networks, given.hostPorts) };
  return {
    // the address of the node is unknown when a hub creates the certificate
    givesCertificates: false,
    start: (launch, abort, steps) => start(input, launch, abort, steps),
    adopt: (record, abort, steps) => adopt(input, record, abort, steps),
    clean: async () => {},
  };
}

type LauncherParts = SlurmLauncherInput & HoldInput;

async function start(
  input: LauncherParts,
  launch: LaunchRequest,
  abort: AbortSignal,
  steps: LaunchSteps,
): Promise<RunningServer> {
  const { record, profile } = launch;
  let held: HeldJob;
  // it may report before sbatch returns
  const letGo = input.reports.hold(record.id);
  try {
    steps.report({ progress: 5, message: `Submitting ${profile.title} to Slurm` });
    // not aborted: a submission that has begun may have created a job
    const id = await submitJob(input, launch);
    steps.leaveQueue(); // from here it waits for the cluster
    const place = { id, node: null, host: null, port: null, ends_at: null };
    held = holdJob(input, record, place, steps);
    await steps.keep({ job: place }).catch(async (error: unknown) => {
      await held.ending.stop(0);
      throw error;
    });
  } finally {
    letGo();
  }
  return untilStarted(held, profile.slurm.queue_timeout, abort);
}

async function adopt(
  input: LauncherParts,
  record: ServerRecord,
  abort: AbortSignal,
  steps: LaunchSteps,
): Promise<AdoptedServer> {
  const held = await holdAgain(input, record, abort, steps);
  if (held === null) {
    input.meter.adopted('gone');
    const message = 'the service was restarted while this server was being submitted';
    throw new PortwrapError('SPAWN_CANCELLED', message, { hint: 'Start it again.' });
  }
  const { place } = held.job;
  input.meter.adopted('alive');
  if (record.state === 'stopping' && place.port === null) {
    await held.ending.stop(0);
    throw new PortwrapError('SPAWN_CANCELLED', 'the server was stopped');
  }
  if (record.job === null) await steps.keep({ job: place });
  const server = await untilStarted(held, secondsLeft(record, Date.now()), abort);
  return { kind: 'running', server };
}

/** The job of a record; null: it has none. */
async function holdAgain(
  input: LauncherParts,
  record: ServerRecord,
  abort: AbortSignal,
  steps: LaunchSteps,
): Promise<HeldJob | null> {
  const { commands, reports, log } = input;
  const letGo = reports.hold(record.id);
  try {
    const place: JobPlacement | null =
      record.job ?? (await findSubmitted(commands, jobName(record.id), abort, log));
    return place === null ? null : holdJob(input, record, place, steps);
  } finally {
    letGo();
  }
}
