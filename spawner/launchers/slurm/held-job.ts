// A job that the launcher watches and can end: first until its server runs, then as that server.
// Not here: submitting it (submit.ts), adopting it (launcher.ts).
import { appendFileSync } from 'node:fs';
import type { Config } from '../../../config/load.ts';
import type { Logger } from '../../../config/logger.ts';
import { aborted } from '../../../portwrap/index.ts';
import { logFileOf } from '../../logs/files.ts';
import { type JobPlacement, noPlacement, type ServerRecord, serverLabel } from '../../records/record.ts';
import type { StateDirectory } from '../../records/state-directory.ts';
import type { LaunchSteps, RunningServer } from '../launcher.ts';
import { createJobEnding, type JobEnding } from './job/end-job.ts';
import { type Address, type Job, watchJob } from './job/job.ts';
import type { NodeAddresses } from './job/node-addresses.ts';
import { answersHere } from './job/reachability.ts';
import type { Reports } from './reports/reports.ts';
import type { Accounting } from './scheduler/accounting.ts';
import type { SlurmCommands } from './scheduler/commands.ts';
import { createQueueReport } from './scheduler/queue-report.ts';
import type { QueueWatch } from './scheduler/queue-watch.ts';
import { createStartDeadline } from './start-deadline.ts';
import { createTimeWarning } from './time-warning.ts';

export interface HeldJob {
  readonly record: ServerRecord;
  readonly job: Job;
  readonly ending: JobEnding;
  readonly addresses: NodeAddresses;
}

export interface HoldInput {
  readonly slurm: Pick<Config['slurm'], 'warn_before_end'>;
  readonly addresses: NodeAddresses;
  readonly commands: SlurmCommands;
  readonly queue: QueueWatch;
  readonly accounting: Accounting;
  readonly reports: Reports;
  readonly state: StateDirectory;
  readonly log: Logger;
}

export function holdJob(
  input: HoldInput,
  record: ServerRecord,
  place: JobPlacement,
  steps: LaunchSteps,
): HeldJob {
  const { commands, queue, accounting, reports, addresses, log } = input;
  const write = createLogWriter(input, record);
  const warn = createTimeWarning(input.slurm.warn_before_end, write);
  const tell = createQueueReport(place.id, steps.report);
  const job = watchJob({
    recordId: record.id,
    requested: Date.parse(record.started),
    ...{ place, commands, queue, accounting, reports },
    checkAddress: (address, from) => addresses.check(address, from, record.id),
    onQueue(observation) {
      tell(observation);
      warn(job.place.ends_at);
    },
    onPlace: (changed) =>
      void steps
        .keep({ job: changed })
        .catch((error: unknown) => log.error({ err: error }, 'the record of a job could not be updated')),
    onOutput: write,
  });
  return { record, job, ending: createJobEnding({ job, commands, queue, log }), addresses };
}

/** Resolves with its server once it runs; `limit` in seconds, null: none. On failure nothing of the job is left. */
export async function untilStarted(
  held: HeldJob,
  limit: number | null,
  abort: AbortSignal,
): Promise<RunningServer> {
  const { record, job, ending, addresses } = held;
  const late = createStartDeadline(limit, job.id);
  try {
    const address = await Promise.race([job.started, aborted(abort), late.passed]);
    addresses.lease(address, record.id);
    return runningServer(held, address);
  } catch (error) {
    await ending.stop(0);
    addresses.release(record.id);
    throw job.verdict ?? error;
  } finally {
    late.clear();
  }
}

function runningServer({ record, job, ending, addresses }: HeldJob, address: Address): RunningServer {
  return {
    get place() {
      return { ...noPlacement, job: job.place };
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
  };
}

function createLogWriter({ state, log }: Pick<HoldInput, 'state' | 'log'>, record: ServerRecord) {
  const logFile = logFileOf(state, record.id);
  return (text: string) => {
    try {
      appendFileSync(logFile, text, { mode: 0o600 });
    } catch (error) {
      log.error({ server: serverLabel(record), err: error }, 'the output of a job could not be written');
    }
  };
}
