// The transitions of a job: from a state and an event to the next state and the effects. Pure. Unknown facts change
// nothing. Not here: the stages and their order (job-state.ts), executing effects (job.ts).
import type { PortwrapError } from '../../../../config/errors.ts';
import type { Report, SandboxExit } from '../../../../portwrap/index.ts';
import type { JobPlacement } from '../../../records/record.ts';
import { phaseOf, verdictOn } from '../scheduler/job-state.ts';
import type { QueueObservation } from '../scheduler/queue-watch.ts';
import type { Accounted } from '../scheduler/sacct.ts';
import type { QueueEntry } from '../scheduler/squeue.ts';
import { failure, forgotten, requeued } from './job-failures.ts';
import { enterStage, hasTold, isDecided, isEnded, type JobState } from './job-state.ts';

export type Outcome = SandboxExit | PortwrapError;

export type JobEvent =
  /** `refusal`: why the address of a "started" report is invalid; null: it is valid. */
  | { readonly kind: 'reported'; readonly report: Report; readonly refusal: PortwrapError | null }
  | { readonly kind: 'seen'; readonly observation: QueueObservation }
  /** scontrol's result; null: it does not know the job any more. */
  | { readonly kind: 'noted'; readonly exit: { readonly code: number; readonly signal: number } | null }
  /** scontrol did not respond. */
  | { readonly kind: 'unanswered' }
  /** sacct's result; null: it does not know the job either. */
  | { readonly kind: 'accounted'; readonly end: Accounted | null }
  /** From now on we want its end. */
  | { readonly kind: 'wanted' }
  | { readonly kind: 'left' };

/** An action that follows from an event; they are executed in order. */
export type JobEffect =
  | { readonly kind: 'started'; readonly host: string; readonly port: number }
  | { readonly kind: 'ready' }
  | { readonly kind: 'output'; readonly text: string }
  /** Its placement has changed and must be saved. */
  | { readonly kind: 'moved'; readonly place: JobPlacement }
  /** An observation to show to the user. */
  | { readonly kind: 'show'; readonly observation: QueueObservation }
  | { readonly kind: 'lost'; readonly error: PortwrapError }
  | { readonly kind: 'ended'; readonly outcome: Outcome }
  /** None of its processes runs. */
  | { readonly kind: 'gone' }
  /** The queue must be polled soon. */
  | { readonly kind: 'look' }
  | { readonly kind: 'ask-scontrol' }
  | { readonly kind: 'ask-sacct' };

export interface JobStep {
  readonly state: JobState;
  readonly effects: readonly JobEffect[];
}

/** The step for an event. Events have no effect once the job is over, or left. */
export function advanceJob(state: JobState, event: JobEvent): JobStep {
  if (isEnded(state)) return only(state);
  switch (event.kind) {
    case 'reported':
      return hasTold(state) ? only(state) : onReport(state, event.report, event.refusal);
    case 'seen':
      return onObservation(state, event.observation);
    case 'noted':
      return event.exit === null ? askAccounting(state) : finishWith(state, event.exit);
    case 'unanswered':
      return only(state, { kind: 'look' }); // that poll leads here again
    case 'accounted':
      return onAccounted({ ...state, isAccounted: false }, event.end);
    case 'wanted':
      return only({ ...state, isWanted: true });
    case 'left':
      return only(enterStage(state, 'left'));
  }
}

function onReport(state: JobState, report: Report, refusal: PortwrapError | null): JobStep {
  switch (report.event) {
    case 'alive':
      return only(state);
    case 'log':
      return only(state, { kind: 'output', text: report.text });
    case 'ready':
      return only(state, { kind: 'ready' });
    case 'started':
      return onStarted(state, report, refusal);
    case 'failed': {
      const outcome = failure(report, state.place.node);
      return only(enterStage(state, 'told'), { kind: 'ended', outcome }, { kind: 'look' });
    }
    case 'ended':
      return onEnded(state, report);
  }
}

function onStarted(
  state: JobState,
  { job, host, port, node }: Extract<Report, { event: 'started' }>,
  refusal: PortwrapError | null,
): JobStep {
  const { place } = state;
  const isMoved = place.port !== null && (place.port !== port || place.host !== host);
  if (job !== place.id || isMoved) return lose(state, requeued(place.id));
  if (refusal !== null) return lose(state, refusal);
  const running = { ...state, isPending: false };
  if (state.stage === 'lost') return only(running);
  // later only Slurm may change its node: each change is written to disk
  const moved = place.port === null ? { host, port, ...(node === '' ? {} : { node }) } : {};
  return move(enterStage(running, 'started'), moved, { kind: 'started', host, port });
}

function onEnded(state: JobState, report: Extract<Report, { event: 'ended' }>): JobStep {
  const signal = report.signal as SandboxExit['signal'];
  const exit = { code: report.code, signal, outOfMemory: report.out_of_memory };
  if (state.stage === 'lost') return only({ ...state, exit }); // only Slurm knows which run ended
  // it was ended from outside, or ran out of memory
  const isDoubtful = !state.isWanted && (report.asked || signal === 'SIGKILL');
  const told = enterStage({ ...state, exit }, isDoubtful ? 'doubtful' : 'told');
  return only(told, { kind: 'ended', outcome: exit }, { kind: 'look' });
}

function onObservation(state: JobState, observation: QueueObservation): JobStep {
  const show: JobEffect[] = hasTold(state) ? [] : [{ kind: 'show', observation }];
  const { state: next, effects } = observationStep(state, observation);
  return { state: next, effects: [...show, ...effects] };
}

function observationStep(state: JobState, observation: QueueObservation): JobStep {
  switch (observation.kind) {
    case 'unknown':
      return isDoubted(state) && !state.isWanted ? only(state, { kind: 'look' }) : only(state);
    case 'absent':
      return onAbsence({ ...state, absences: state.absences + 1 });
    case 'seen':
      return onEntry({ ...state, absences: 0 }, observation.entry);
  }
}

function onAbsence(state: JobState): JobStep {
  // one poll may be older than the job's number; two are not
  if (state.absences < 2) return only(state, { kind: 'look' });
  return isDecided(state) ? finish(state, state.exit) : askAccounting(state);
}

function onEntry(state: JobState, entry: QueueEntry): JobStep {
  const phase = phaseOf(entry.state);
  const seen = { ...state, isPending: phase === 'waits' };
  const { place } = seen;
  const again: JobEffect[] = hasTold(seen) ? [{ kind: 'look' }] : [];
  if (phase === 'ended') {
    if (seen.stage === 'told') return finish(seen, seen.exit);
    return conclude(seen, entry.state, entry.node, () => only(seen, { kind: 'ask-scontrol' }));
  }
  if (phase === 'waits' && place.port !== null) {
    const { state: next, effects } = lose(seen, requeued(place.id));
    return { state: next, effects: [...effects, ...again] };
  }
  if (phase === 'runs' && !hasTold(seen)) {
    const ends_at = entry.end === null ? null : new Date(entry.end * 1000).toISOString();
    return move(seen, { node: entry.node ?? place.node, ends_at });
  }
  return only(seen, ...again);
}

/** The controller does not know the job any more. */
function askAccounting(state: JobState): JobStep {
  return state.isAccounted ? only(state) : only({ ...state, isAccounted: true }, { kind: 'ask-sacct' });
}

function onAccounted(state: JobState, end: Accounted | null): JobStep {
  if (end !== null) return conclude(state, end.state, end.node, () => finishWith(state, end));
  return finish(state, hasTold(state) || state.isWanted ? state.exit : forgotten(state.place.id));
}

/** Slurm reports that none of its processes runs. `ofItself`: the step if no report says how it ended. */
function conclude(state: JobState, ended: string, node: string | null, ofItself: () => JobStep): JobStep {
  const reason = verdictOn(state.place.id, ended, node ?? state.place.node);
  const exit = ended === 'OUT_OF_MEMORY' ? { ...state.exit, outOfMemory: true } : state.exit;
  const known = { ...state, exit };
  if (isDecided(known)) return finish(known, exit);
  if (reason !== null) return finish(known, reason);
  return hasTold(known) ? finish(known, exit) : ofItself();
}

/** It ended by itself without a report: Slurm knows its exit code. */
function finishWith(state: JobState, { code, signal }: { code: number; signal: number }): JobStep {
  const exit = { code: signal === 0 ? code : 128 + signal, signal: null, outOfMemory: false };
  return finish({ ...state, exit }, exit);
}

/** Slurm has reported how it ended, or the way it ended stays unknown. */
function finish(state: JobState, outcome: Outcome): JobStep {
  const verdict = outcome instanceof Error ? outcome : state.verdict;
  return only(enterStage({ ...state, verdict }, 'over'), { kind: 'ended', outcome }, { kind: 'gone' });
}

/** The job may continue, but its server is unusable. */
function lose(state: JobState, error: PortwrapError): JobStep {
  if (isDecided(state) || isLost(state)) return only(state);
  const lost = enterStage({ ...state, verdict: error }, state.stage === 'doubtful' ? 'requeued' : 'lost');
  return only(lost, { kind: 'lost', error });
}

function move(state: JobState, fields: Partial<JobPlacement>, ...effects: JobEffect[]): JobStep {
  const place = { ...state.place, ...fields };
  const isSame = Object.entries(fields).every(
    ([key, value]) => state.place[key as keyof JobPlacement] === value,
  );
  if (isSame) return only(state, ...effects);
  return only({ ...state, place }, { kind: 'moved', place }, ...effects);
}

function isDoubted({ stage }: JobState): boolean {
  return stage === 'doubtful' || stage === 'requeued';
}

function isLost({ stage }: JobState): boolean {
  return stage === 'lost' || stage === 'requeued';
}

function only(state: JobState, ...effects: JobEffect[]): JobStep {
  return { state, effects };
}
