// The stages of one of our jobs, and the legal transitions. Not here: the events that cause them (job-events.ts).
import type { PortwrapError } from '../../../../config/errors.ts';
import type { SandboxExit } from '../../../../portwrap/index.ts';
import type { JobPlacement } from '../../../records/record.ts';

/**
 * submitted: it has not reported a server. started: it has.
 * lost: it lives, but its server is unusable.
 * told: it has reported its end. doubtful: it has reported an end whose cause may be external, which Slurm knows.
 * requeued: it has reported a doubtful end, and Slurm has put it back into its queue.
 * over: Slurm has reported that none of its processes runs, or never will report it. left: it is not watched any more.
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
  /** Whether we want its end. */
  readonly isWanted: boolean;
  /** Whether it waits in the queue, as far as is known. */
  readonly isPending: boolean;
  /** How many consecutive polls have not found it. */
  readonly absences: number;
  /** Whether a query of sacct is pending. */
  readonly isAccounted: boolean;
  readonly place: JobPlacement;
  /** How it ended, as far as is known. */
  readonly exit: SandboxExit;
  /** The external cause of its end, as far as Slurm has reported one; null: none. */
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

/** The state in stage `to`, if it is the same or a legal successor. Anything else is a defect of ours and throws. */
export function enterStage(state: JobState, to: JobStage): JobState {
  if (state.stage !== to && !jobTransitions[state.stage].includes(to))
    throw new Error(`a job cannot go from ${state.stage} to ${to}`);
  return { ...state, stage: to };
}

export function isEnded({ stage }: JobState): boolean {
  return stage === 'over' || stage === 'left';
}

/** Whether it has reported its end. Its later reports are ignored. */
export function hasTold({ stage }: JobState): boolean {
  return stage === 'told' || stage === 'doubtful' || stage === 'requeued';
}

/** Whether the way it ended is known, whatever Slurm reports. */
export function isDecided({ stage, isWanted }: JobState): boolean {
  return isWanted || stage === 'told';
}
