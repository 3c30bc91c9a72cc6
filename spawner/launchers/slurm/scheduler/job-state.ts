// Maps the job states of Slurm (squeue(1), "JOB STATE CODES") to phases of a server, and to errors for its user.
// Not here: querying the state (launchers/slurm/job/job.ts).
import { type ErrorCode, PortwrapError } from '../../../../config/errors.ts';

/** waits: it has no node. runs: it has one. ends: its processes are being ended. ended: none of them runs. */
export type JobPhase = 'waits' | 'runs' | 'ends' | 'ended';

const phases: Readonly<Record<string, JobPhase>> = {
  PENDING: 'waits',
  REQUEUED: 'waits',
  REQUEUE_HOLD: 'waits',
  REQUEUE_FED: 'waits',
  RESV_DEL_HOLD: 'waits',
  SPECIAL_EXIT: 'waits',
  CONFIGURING: 'runs',
  RUNNING: 'runs',
  RESIZING: 'runs',
  SIGNALING: 'runs',
  STAGE_OUT: 'ends',
  STOPPED: 'runs',
  SUSPENDED: 'runs',
  COMPLETING: 'ends',
  COMPLETED: 'ended',
  FAILED: 'ended',
  CANCELLED: 'ended',
  TIMEOUT: 'ended',
  OUT_OF_MEMORY: 'ended',
  NODE_FAIL: 'ended',
  PREEMPTED: 'ended',
  BOOT_FAIL: 'ended',
  DEADLINE: 'ended',
  REVOKED: 'ended',
};

/** null: a state that this version does not know; it has no effect. */
export function phaseOf(state: string): JobPhase | null {
  return phases[state] ?? null;
}

const verdicts: Readonly<Partial<Record<string, { code: ErrorCode; text: string }>>> = {
  CANCELLED: { code: 'JOB_CANCELLED', text: 'was cancelled with scancel, by its user or an administrator' },
  REVOKED: { code: 'JOB_CANCELLED', text: 'was revoked by the federation of clusters' },
  TIMEOUT: { code: 'JOB_TIME_LIMIT', text: 'has reached its time limit' },
  DEADLINE: { code: 'JOB_TIME_LIMIT', text: 'has reached its deadline' },
  OUT_OF_MEMORY: { code: 'JOB_OUT_OF_MEMORY', text: 'used more memory than it had asked for' },
  NODE_FAIL: { code: 'JOB_NODE_FAILED', text: 'was lost with its node' },
  BOOT_FAIL: { code: 'JOB_NODE_FAILED', text: 'was lost, since its node did not boot' },
  PREEMPTED: { code: 'JOB_PREEMPTED', text: 'had to make room for another job' },
};

/** Why a job ended without our request; null: by itself (COMPLETED, FAILED). */
export function verdictOn(id: string, state: string, node: string | null): PortwrapError | null {
  const verdict = verdicts[state];
  if (verdict === undefined) return null;
  const where = node === null ? '' : ` on ${node}`;
  return new PortwrapError(verdict.code, `the Slurm job ${id}${where} ${verdict.text}`);
}
