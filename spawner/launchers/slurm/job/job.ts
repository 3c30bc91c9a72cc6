// One job of ours, from its submission to its end: what it reports and what the queue shows, brought together.
// What nobody can tell is unknown and changes nothing. Not here: submitting it (launchers/slurm/launcher.ts), ending it (end-job.ts).
import { PortwrapError } from '../../../../config/errors.ts';
import type { Report, SandboxExit } from '../../../../portwrap/index.ts';
import type { JobPlace } from '../../../records/record.ts';
import type { Reports } from '../reports/reports.ts';
import type { Accounting } from '../scheduler/accounting.ts';
import type { SlurmCommands } from '../scheduler/commands.ts';
import { phaseOf, verdictOn } from '../scheduler/job-state.ts';
import type { QueueWatch, Sight } from '../scheduler/queue-watch.ts';
import type { QueueEntry } from '../scheduler/squeue.ts';
import { createDeferred } from './deferred.ts';
import { endedEarly, failure, forgotten, requeued } from './job-failures.ts';

export interface Job {
  readonly id: string;
  readonly place: JobPlace;
  /** Settles when its server runs, with where; rejects with PortwrapError when it ends before. */
  readonly started: Promise<Address>;
  /** Settles when it says that its server has answered on the node. */
  readonly ready: Promise<void>;
  /** Settles when it or Slurm says that it has ended; rejects with PortwrapError when something else ended it. Handled. */
  readonly ended: Promise<SandboxExit>;
  /** Has either of them said so? */
  readonly hasEnded: boolean;
  /** What else ended it, as far as Slurm has said; null: nothing. */
  readonly verdict: PortwrapError | null;
  /** Settles when Slurm says so. What a job says is its user's word: it may run on. */
  readonly gone: Promise<void>;
  /** Rejects when its server must be ended although the job lives. Never resolves. Handled. */
  readonly lost: Promise<never>;
  /** Does it wait in the queue, as far as is known? Then it has no script that could be signalled. */
  readonly isPending: boolean;
  /** How it ended, as far as it is known. */
  readonly exit: SandboxExit;
  /** From now on its end is what we want. */
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
  readonly place: JobPlace;
  readonly commands: Pick<SlurmCommands, 'exitOf'>;
  readonly accounting: Accounting;
  readonly queue: QueueWatch;
  readonly reports: Reports;
  /** Throws what is wrong with where a job says that its server is. */
  readonly checkAddress: (address: Address, from: string) => void;
  /** Told what the user may see. */
  readonly onQueue: (sight: Sight) => void;
  readonly onPlace: (place: JobPlace) => void;
  readonly onOutput: (text: string) => void;
}

const unknownExit: SandboxExit = { code: null, signal: null, outOfMemory: false };

export function watchJob(input: JobInput): Job {
  const { queue, reports, commands, accounting } = input;
  const started = createDeferred<Address>();
  const ready = createDeferred<void>();
  const ended = createDeferred<SandboxExit>();
  const vanished = createDeferred<void>();
  const lost = createDeferred<never>();
  let place = input.place;
  let exit = unknownExit;
  let verdict: PortwrapError | null = null;
  let wanted = false;
  let absences = 0;
  let isAsking = false;
  let isLost = false;
  let isPending = input.place.host === null;
  let isTold = false;
  let hasEnded = false;
  /** Has it told an end that may be somebody else's doing? Slurm knows. */
  let isDoubtful = false;
  let over = false;

  const update = (fields: Partial<JobPlace>) => {
    if (Object.entries(fields).every(([key, value]) => place[key as keyof JobPlace] === value)) return;
    place = { ...place, ...fields };
    input.onPlace(place);
  };
  const close = () => {
    over = true;
    stopWatching();
    stopReports();
  };
  /** Slurm has told how it ended, or nobody ever will. */
  const finish = (outcome: SandboxExit | PortwrapError) => {
    if (over) return;
    close();
    if (outcome instanceof PortwrapError) verdict = outcome;
    settle(outcome);
    vanished.resolve();
  };
  /** The job has told its end. Slurm is looked at until it agrees. */
  const believe = (outcome: SandboxExit | PortwrapError) => {
    if (over || isTold) return;
    isTold = true;
    stopReports();
    settle(outcome);
    queue.soon();
  };
  /** Is it known how it ended, whatever Slurm calls it? */
  const isDecided = () => wanted || (isTold && !isDoubtful);
  const settle = (outcome: SandboxExit | PortwrapError) => {
    hasEnded = true;
    if (outcome instanceof PortwrapError) {
      ended.reject(outcome);
      started.reject(outcome);
      return;
    }
    ended.resolve(outcome);
    started.reject(endedEarly(place, outcome));
  };

  /** The job may go on, with nothing in it that a user could want. */
  const lose = (error: PortwrapError) => {
    if (isDecided()) return;
    isLost = true;
    verdict = error;
    lost.reject(error);
    started.reject(error);
  };

  const onReport = (report: Report, from: string) => {
    if (over || isTold) return;
    switch (report.event) {
      case 'alive':
        return;
      case 'log':
        return input.onOutput(report.text);
      case 'ready':
        return ready.resolve();
      case 'started':
        return onStarted(report, from);
      case 'failed':
        return believe(failure(report, place.node));
      case 'ended':
        exit = {
          code: report.code,
          signal: report.signal as SandboxExit['signal'],
          outOfMemory: report.out_of_memory,
        };
        if (isLost) return; // which run's end that was, only Slurm can tell
        // somebody else has ended it, or it has used up its memory
        isDoubtful = !wanted && (report.asked || exit.signal === 'SIGKILL');
        believe(exit);
    }
  };
  const onStarted = (report: Extract<Report, { event: 'started' }>, from: string) => {
    const { host, port, node } = report;
    if (report.job !== place.id || (place.port !== null && (place.port !== port || place.host !== host))) {
      return lose(requeued(place.id));
    }
    try {
      input.checkAddress({ host, port }, from);
    } catch (error) {
      return lose(error as PortwrapError);
    }
    isPending = false;
    // later on only Slurm names its node: each change is written to disk
    if (place.port === null) update({ host, port, ...(node === '' ? {} : { node }) });
    started.resolve({ host, port });
  };

  const onSight = (sight: Sight) => {
    if (over) return;
    if (!isTold) input.onQueue(sight);
    if (sight.kind === 'unknown') return isDoubtful && !wanted ? queue.soon() : undefined;
    if (sight.kind === 'absent') {
      absences += 1;
      // one look may be older than the job's number; two are not
      if (absences < 2) return queue.soon();
      return isDecided() ? finish(exit) : void learnEnd();
    }
    absences = 0;
    onEntry(sight.entry);
  };
  const onEntry = ({ state, node, end }: QueueEntry) => {
    const phase = phaseOf(state);
    isPending = phase === 'waits';
    if (phase === 'waits' && place.port !== null) lose(requeued(place.id));
    if (phase === 'runs' && !isTold)
      update({ node: node ?? place.node, ends_at: end === null ? null : isoTime(end) });
    if (phase !== 'ended') return isTold ? queue.soon() : undefined;
    if (isTold && !isDoubtful) return finish(exit);
    conclude(state, node, () => void learnExit());
  };
  /** Slurm says that nothing of it runs. `ofItself`: neither it nor anybody else has said how. */
  const conclude = (state: string, node: string | null, ofItself: () => void) => {
    const reason = verdictOn(place.id, state, node ?? place.node);
    if (state === 'OUT_OF_MEMORY') exit = { ...exit, outOfMemory: true };
    if (isDecided()) return finish(exit);
    if (reason !== null) return finish(reason);
    return isTold ? finish(exit) : ofItself();
  };
  const finishWith = (noted: { code: number; signal: number }) => {
    const code = noted.signal === 0 ? noted.code : 128 + noted.signal;
    exit = { code, signal: null, outOfMemory: false };
    finish(exit);
  };
  /** It has ended of itself and told us nothing: Slurm has noted with what code. */
  const learnExit = async () => {
    const noted = await commands.exitOf(place.id).catch(() => undefined);
    if (noted === undefined) return queue.soon(); // no answer: the next look comes here again
    if (noted === null) return learnEnd();
    finishWith(noted);
  };
  /** The controller has forgotten it. */
  const learnEnd = async () => {
    if (isAsking) return;
    isAsking = true;
    const end = await accounting.endOf(place.id, input.requested);
    isAsking = false;
    if (end !== null) return conclude(end.state, end.node, () => finishWith(end));
    finish(isTold || wanted ? exit : forgotten(place.id));
  };

  const stopReports = reports.expect(input.recordId, onReport);
  const stopWatching = queue.watch(place.id, onSight);
  if (place.host !== null && place.port !== null) started.resolve({ host: place.host, port: place.port });
  return {
    id: place.id,
    get place() {
      return place;
    },
    started: started.settled,
    ready: ready.settled,
    ended: ended.settled,
    get hasEnded() {
      return hasEnded;
    },
    get verdict() {
      return verdict;
    },
    gone: vanished.settled,
    lost: lost.settled,
    get isPending() {
      return isPending;
    },
    get exit() {
      return exit;
    },
    expectEnd() {
      wanted = true;
    },
    leave: close,
  };
}

function isoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
