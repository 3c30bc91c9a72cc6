// One of our jobs, from its submission to its end: passes its reports and Slurm's observations to its state machine
// (job-events.ts), and executes the effects. Not here: submitting it (submit.ts), ending it (end-job.ts).
import type { PortwrapError } from '../../../../config/errors.ts';
import type { Report, SandboxExit } from '../../../../portwrap/index.ts';
import type { JobPlacement } from '../../../records/record.ts';
import type { Reports } from '../reports/reports.ts';
import type { Accounting } from '../scheduler/accounting.ts';
import type { SlurmCommands } from '../scheduler/commands.ts';
import type { QueueObservation, QueueWatch } from '../scheduler/queue-watch.ts';
import { createDeferred } from './deferred.ts';
import { advanceJob, type JobEffect, type JobEvent, type Outcome } from './job-events.ts';
import { endedEarly } from './job-failures.ts';
import { firstJobState, hasTold, isEnded } from './job-state.ts';

export interface Job {
  readonly id: string;
  readonly place: JobPlacement;
  /** Resolves with the address of its server once that runs; rejects with PortwrapError when the job ends before. */
  readonly started: Promise<Address>;
  /** Settles when it reports that its server has responded on the node. */
  readonly ready: Promise<void>;
  /** Settles when it or Slurm reports its end; rejects with PortwrapError for an external cause. Handled. */
  readonly ended: Promise<SandboxExit>;
  /** Whether either of them has reported its end. */
  readonly hasEnded: boolean;
  /** The external cause of its end, as far as Slurm has reported one; null: none. */
  readonly verdict: PortwrapError | null;
  /** Settles when Slurm reports its end. The job's own report is the user's, so it is not trusted: it may still run. */
  readonly gone: Promise<void>;
  /** Rejects when its server must be ended although the job lives. Never resolves. Handled. */
  readonly lost: Promise<never>;
  /** Whether it waits in the queue, as far as is known. Then it has no script to signal. */
  readonly isPending: boolean;
  /** How it ended, as far as is known. */
  readonly exit: SandboxExit;
  /** From now on we want its end. */
  expectEnd(): void;
  leave(): void;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface JobInput {
  readonly recordId: string;
  /** When the start was requested: milliseconds since 1970. */
  readonly requested: number;
  readonly place: JobPlacement;
  readonly commands: Pick<SlurmCommands, 'exitOf'>;
  readonly accounting: Accounting;
  readonly queue: QueueWatch;
  readonly reports: Reports;
  /** Throws if the address that a job reports for its server is invalid. */
  readonly checkAddress: (address: Address, from: string) => void;
  /** Called with observations to show to the user. */
  readonly onQueue: (observation: QueueObservation) => void;
  readonly onPlace: (place: JobPlacement) => void;
  readonly onOutput: (text: string) => void;
}

export function watchJob(input: JobInput): Job {
  const { queue, reports, place } = input;
  const promises = createPromises();
  let state = firstJobState(place);
  let hasEnded = false;
  const happen = (event: JobEvent) => {
    const step = advanceJob(state, event);
    state = step.state;
    if (isEnded(state)) stopWatching();
    if (isEnded(state) || hasTold(state)) stopReports();
    for (const effect of step.effects) {
      hasEnded ||= effect.kind === 'ended';
      settle(promises, effect, state.place);
      carryOut(input, effect, happen);
    }
  };
  const stopReports = reports.expect(input.recordId, (report, from) =>
    happen({ kind: 'reported', report, refusal: refusalOf(input, report, from) }),
  );
  const stopWatching = queue.watch(place.id, (observation) => happen({ kind: 'seen', observation }));
  if (place.host !== null && place.port !== null)
    promises.started.resolve({ host: place.host, port: place.port });
  return {
    id: place.id,
    get place() {
      return state.place;
    },
    started: promises.started.settled,
    ready: promises.ready.settled,
    ended: promises.ended.settled,
    gone: promises.gone.settled,
    lost: promises.lost.settled,
    get hasEnded() {
      return hasEnded;
    },
    get verdict() {
      return state.verdict;
    },
    get isPending() {
      return state.isPending;
    },
    get exit() {
      return state.exit;
    },
    expectEnd: () => happen({ kind: 'wanted' }),
    leave: () => happen({ kind: 'left' }),
  };
}

type Promises = ReturnType<typeof createPromises>;

function createPromises() {
  return {
    started: createDeferred<Address>(),
    ready: createDeferred<void>(),
    ended: createDeferred<SandboxExit>(),
    gone: createDeferred<void>(),
    lost: createDeferred<never>(),
  };
}

/** Settles the promises; those that are already settled keep their outcome. */
function settle(
  { started, ready, ended, gone, lost }: Promises,
  effect: JobEffect,
  place: JobPlacement,
): void {
  if (effect.kind === 'started') started.resolve({ host: effect.host, port: effect.port });
  if (effect.kind === 'ready') ready.resolve();
  if (effect.kind === 'gone') gone.resolve();
  if (effect.kind === 'lost') {
    started.reject(effect.error);
    lost.reject(effect.error);
  }
  if (effect.kind !== 'ended') return;
  const { outcome } = effect;
  started.reject(isFailure(outcome) ? outcome : endedEarly(place, outcome));
  if (isFailure(outcome)) ended.reject(outcome);
  else ended.resolve(outcome);
}

function carryOut(input: JobInput, effect: JobEffect, happen: (event: JobEvent) => void): void {
  const { commands, accounting, queue, place, requested } = input;
  if (effect.kind === 'output') input.onOutput(effect.text);
  if (effect.kind === 'moved') input.onPlace(effect.place);
  if (effect.kind === 'show') input.onQueue(effect.observation);
  if (effect.kind === 'look') queue.soon();
  if (effect.kind === 'ask-scontrol') {
    const noted = commands.exitOf(place.id).then((exit) => ({ kind: 'noted', exit }) as const);
    void noted.catch(() => ({ kind: 'unanswered' }) as const).then(happen);
  }
  if (effect.kind === 'ask-sacct') {
    void accounting.endOf(place.id, requested).then((end) => happen({ kind: 'accounted', end }));
  }
}

function refusalOf({ checkAddress }: JobInput, report: Report, from: string): PortwrapError | null {
  if (report.event !== 'started') return null;
  try {
    checkAddress({ host: report.host, port: report.port }, from);
    return null;
  } catch (error) {
    return error as PortwrapError;
  }
}

function isFailure(outcome: Outcome): outcome is PortwrapError {
  return outcome instanceof Error;
}
