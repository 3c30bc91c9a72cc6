// The `slurm` launcher: a server as a job of the cluster, in the same sandbox on the node. Not here: what becomes of a
// job (launchers/slurm/job/job.ts), how it is ended (launchers/slurm/job/end-job.ts), what runs on the node (portwrap/job/).
import { appendFileSync } from 'node:fs';
import { PortwrapError } from '../../../config/errors.ts';
import type { Config } from '../../../config/load.ts';
import type { Logger } from '../../../config/logger.ts';
import { aborted } from '../../../portwrap/index.ts';
import { logFileOf } from '../../logs/files.ts';
import type { Meter } from '../../records/meter.ts';
import { type JobPlace, nowhere, type ServerRecord, serverLabel } from '../../records/record.ts';
import type { StateDirectory } from '../../records/state-directory.ts';
import type { Accounts } from '../accounts.ts';
import type { Launcher, LaunchRequest, LaunchSteps, RunningServer } from '../launcher.ts';
import { findSubmitted, livingOf } from './find-submitted.ts';
import { createJobEnding, type JobEnding } from './job/end-job.ts';
import { type Address, type Job, watchJob } from './job/job.ts';
import { createNodeAddresses } from './job/node-addresses.ts';
import { answersHere } from './job/reachability.ts';
import { jobScript } from './job-script.ts';
import { jobSpec } from './job-spec.ts';
import type { Reports } from './reports/reports.ts';
import { jobName, sbatchArgv } from './sbatch-argv.ts';
import type { Accounting } from './scheduler/accounting.ts';
import type { SlurmCommands } from './scheduler/commands.ts';
import { createQueueReport } from './scheduler/queue-report.ts';
import type { QueueWatch } from './scheduler/queue-watch.ts';
import { createStartDeadline, secondsLeft } from './start-deadline.ts';
import { createTimeWarning } from './time-warning.ts';

export interface SlurmLauncherInput {
  readonly slurm: Config['slurm'];
  readonly hostPorts: Config['ports']['range'];
  readonly reportUrl: string;
  /** The command on the nodes. */
  readonly portwrap: readonly string[];
  readonly commands: SlurmCommands;
  readonly queue: QueueWatch;
  readonly accounting: Accounting;
  readonly reports: Reports;
  readonly accounts: Accounts;
  readonly state: StateDirectory;
  readonly meter: Meter;
  readonly log: Logger;
}

/** Signs of life are this many intervals apart. */
const heartbeatIntervals = 12;

export function createSlurmLauncher(input: SlurmLauncherInput): Launcher {
  const { commands, queue, accounting, reports, state, meter, log, slurm } = input;
  const addresses = createNodeAddresses(slurm.node_networks, input.hostPorts);

  /** Takes a job in hand: whatever happens to it from now on is noticed. */
  const takeUp = (record: ServerRecord, place: JobPlace, steps: LaunchSteps): HeldJob => {
    const logFile = logFileOf(state, record.id);
    const write = (text: string) => {
      try {
        appendFileSync(logFile, text, { mode: 0o600 });
      } catch (error) {
        log.error({ server: serverLabel(record), err: error }, 'the output of a job could not be written');
      }
    };
    const warn = createTimeWarning(slurm.warn_before_end, write);
    const tell = createQueueReport(place.id, steps.report);
    const job = watchJob({
      recordId: record.id,
      requested: Date.parse(record.started),
      ...{ place, commands, queue, accounting, reports },
      checkAddress: (address, from) => addresses.check(address, from, record.id),
      onQueue(sight) {
        tell(sight);
        warn(job.place.ends_at);
      },
      onPlace: (changed) =>
        void steps
          .keep({ job: changed })
          .catch((error: unknown) => log.error({ err: error }, 'a record stays old')),
      onOutput: write,
    });
    const ending = createJobEnding({ job, commands, queue, log });
    return { job, ending };
  };

  /** Until its server runs. However this fails, nothing of the job is left afterwards. */
  const untilStarted = async (
    record: ServerRecord,
    held: HeldJob,
    limit: number | null,
    abort: AbortSignal,
  ) => {
    const late = createStartDeadline(limit, held.job.id);
    try {
      const address = await Promise.race([held.job.started, aborted(abort), late.passed]);
      addresses.lease(address, record.id);
      return runningServer(record, held, address);
    } catch (error) {
      await held.ending.stop(0);
      addresses.release(record.id);
      throw held.job.verdict ?? error;
    } finally {
      late.clear();
    }
  };

  const runningServer = (
    record: ServerRecord,
    { job, ending }: HeldJob,
    address: Address,
  ): RunningServer => ({
    get place() {
      return { ...nowhere, job: job.place };
    },
    ...address,
    exited: job.ended,
    get verdict() {
      return job.verdict;
    },
    lost: job.lost,
    answered: ({ ready_path: path }, abort) => answersHere(address, path, job.ready, abort),
    async stop(grace) {
      await ending.stop(grace);
      addresses.release(record.id);
      return job.exit;
    },
    leave: () => job.leave(),
  });

  const submit = async (launch: LaunchRequest): Promise<string> => {
    const { record, profile, jobFields } = launch;
    const tenant = await input.accounts.resolve(record.user);
    const spec = await jobSpec({
      ...{ launch, tenant, hostPorts: input.hostPorts, stateDirectory: state.path },
      report: {
        url: `${input.reportUrl}/jobs/${record.id}`,
        secret: reports.secretOf(record.id),
        heartbeat: slurm.interval * heartbeatIntervals * 1000,
      },
    });
    const name = jobName(record.id);
    const argv = sbatchArgv({ name, job: profile.slurm, chosen: jobFields, home: tenant.home });
    try {
      return await commands.submit(argv, jobScript(input.portwrap, spec), tenant.account);
    } catch (error) {
      if ((error as PortwrapError).code !== 'SCHEDULER_UNREACHABLE') throw error;
      // the answer may have been lost on its way back
      const found = livingOf(await commands.named(name).catch(() => []));
      if (found === null) throw error;
      return found;
    }
  };

  /** The job of a record; null: there is none. */
  const takeUpAgain = async (record: ServerRecord, abort: AbortSignal, steps: LaunchSteps) => {
    const letGo = reports.hold(record.id);
    try {
      const place = record.job ?? (await findSubmitted(commands, jobName(record.id), abort, log));
      return place === null ? null : takeUp(record, place, steps);
    } finally {
      letGo();
    }
  };

  return {
    // which addresses its nodes have is not known when a hub makes a certificate
    givesCertificates: false,
    async start(launch, abort, steps) {
      const { record, profile } = launch;
      let held: HeldJob;
      // it may report before sbatch has answered
      const letGo = reports.hold(record.id);
      try {
        steps.report({ progress: 5, message: `Submitting ${profile.title} to Slurm` });
        // not broken off: a submission that was begun may have come to something
        const id = await submit(launch);
        steps.leaveQueue(); // what it waits for now is the cluster
        const place = { id, node: null, host: null, port: null, ends_at: null };
        held = takeUp(record, place, steps);
        await steps.keep({ job: place }).catch(async (error: unknown) => {
          await held.ending.stop(0);
          throw error;
        });
      } finally {
        letGo();
      }
      return untilStarted(record, held, profile.slurm.queue_timeout, abort);
    },
    async adopt(record, abort, steps) {
      const held = await takeUpAgain(record, abort, steps);
      if (held === null) {
        meter.adopted('gone');
        const message = 'the service was restarted while this server was being submitted';
        throw new PortwrapError('SPAWN_CANCELLED', message, { hint: 'Start it again.' });
      }
      const { place } = held.job;
      meter.adopted('alive');
      if (record.state === 'stopping' && place.port === null) {
        await held.ending.stop(0);
        throw new PortwrapError('SPAWN_CANCELLED', 'the server was stopped');
      }
      if (record.job === null) await steps.keep({ job: place });
      const server = await untilStarted(record, held, secondsLeft(record, Date.now()), abort);
      return { kind: 'running', server };
    },
    clean: async () => {},
  };
}

interface HeldJob {
  readonly job: Job;
  readonly ending: JobEnding;
}
