// Submits the job of one server.
// Not here: watching it (job/job.ts), its script and arguments (job-script.ts, sbatch-argv.ts).
import type { PortwrapError } from '../../../config/errors.ts';
import type { Config } from '../../../config/load.ts';
import type { StateDirectory } from '../../records/state-directory.ts';
import type { Accounts } from '../accounts.ts';
import type { LaunchRequest } from '../launcher.ts';
import { livingOf } from './find-submitted.ts';
import { jobScript } from './job-script.ts';
import { jobSpec } from './job-spec.ts';
import type { Reports } from './reports/reports.ts';
import { jobName, sbatchArgv } from './sbatch-argv.ts';
import type { SlurmCommands } from './scheduler/commands.ts';

/** The number of poll intervals between two heartbeats. */
const heartbeatIntervals = 12;

export interface SubmitInput {
  readonly slurm: Pick<Config['slurm'], 'interval'>;
  readonly hostPorts: Config['ports']['range'];
  readonly reportUrl: string;
  /** The command on the nodes. */
  readonly portwrap: readonly string[];
  readonly commands: SlurmCommands;
  readonly reports: Reports;
  readonly accounts: Accounts;
  readonly state: StateDirectory;
}

/** Resolves with the job's number. */
export async function submitJob(input: SubmitInput, launch: LaunchRequest): Promise<string> {
  const { commands, reports, slurm, hostPorts, state } = input;
  const { record, profile, jobFields } = launch;
  const runAs = await input.accounts.resolve(record.user);
  const spec = await jobSpec({
    ...{ launch, runAs, hostPorts, stateDirectory: state.path },
    report: {
      url: `${input.reportUrl}/jobs/${record.id}`,
      secret: reports.secretOf(record.id),
      heartbeat: slurm.interval * heartbeatIntervals * 1000,
    },
  });
  const name = jobName(record.id);
  const argv = sbatchArgv({ name, job: profile.slurm, chosen: jobFields, home: runAs.home });
  try {
    return await commands.submit(argv, jobScript(input.portwrap, spec), runAs.account);
  } catch (error) {
    if ((error as PortwrapError).code !== 'SCHEDULER_UNREACHABLE') throw error;
    // the response may have been lost
    const found = livingOf(await commands.named(name).catch(() => []));
    if (found === null) throw error;
    return found;
  }
}
