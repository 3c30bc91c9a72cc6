// The stages of a job of ours, and which may follow which. Not here: what leads from one to the next (job-events.ts).
import type { PortwrapError } from '../../../../config/errors.ts';
import type { SandboxExit } from '../../../../portwrap/index.ts';
import type { JobPlacement } from '../../../records/record.ts';

/**
 * submitted: it has not reported a server. started: it has.
 * lost: it lives, and its server is of no use any more.
 * told: it has reported its end. doubtful: it has reported an end that may be somebody else's doing, which Slurm knows.
 * requeued: it has reported a doubtful end, and Slurm has put it back into its queue.
 * over: Slurm has said that nothing of it runs, or never will say so. left: nobody watches it any more.
 */
export const jobStages = [
  ...(['submitted', 'started', 'lost', 'told', 'doubtful', 'requeued'] as const),
  ...(['over', 'left'] as const),
];
export type JobStage = (typeof jobStages)[number];

export const jobTransitions: Readonly<Record<JobStage, readonly JobStage[]>> = {
  submitted: ['started', 'lost', 'told', 'doubtful', 'over', 'left'],
  started: ['lost', 'told', 'doubtful', 'over', 'left'],
  lost: ['told', 'over', 'left'],
  told: ['over', 'left'],
  doubtful: ['requeued', 'over', 'left'],
  requeued: ['over', 'left'],
  over: [],
  left: [],
};

export interface JobState {
  readonly stage: JobStage;
  /** Is its end what we want? */
  readonly isWanted: boolean;
  /** Does it wait in the queue, as far as is known? */
  readonly isPending: boolean;
  /** How many looks in a row have not found it. */
  readonly absences: number;
  /** Has sacct been asked, and not answered yet? */
  readonly isAccounted: boolean;
  readonly place: JobPlacement;
  /** How it ended, as far as it is known. */
  readonly exit: SandboxExit;
  /** What else ended it, as far as Slurm has said; null: nothing. */
  readonly verdict: PortwrapError | null;
}

export function firstJobState(place: JobPlacement): JobState {
  return {
    stage: place.host === null || place.port === null ? 'submitted' : 'started',
    isWanted: false,
    isPending: place.host === null,
    absences: 0,
    isAccounted: false,
    place,
    exit: { code: null, signal: null, outOfMemory: false },
    verdict: null,
  };
}

/** The state in stage `to`, if that may follow or is the same. Anything else is a defect of ours and throws. */
export function enterStage(state: JobState, to: JobStage): JobState {
  if (state.stage !== to && !jobTransitions[state.stage].includes(to))
    throw new Error(`a job cannot go from ${state.stage} to ${to}`);
  return { ...state, stage: to };
}

export function isEnded({ stage }: JobState): boolean {
  return stage === 'over' || stage === 'left';
}

/** Has it reported its end? Then no report of it counts any more. */
export function hasTold({ stage }: JobState): boolean {
  return stage === 'told' || stage === 'doubtful' || stage === 'requeued';
}

/** Is it known how it ended, whatever Slurm calls it? */
export function isDecided({ stage, isWanted }: JobState): boolean {
  return isWanted || stage === 'told';
}
