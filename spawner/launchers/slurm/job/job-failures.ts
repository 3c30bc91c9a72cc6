// The errors for users when a job ends without our request. Not here: Slurm's verdicts
// (launchers/slurm/scheduler/job-state.ts).
import { type ErrorCode, errorCatalogue, PortwrapError } from '../../../../config/errors.ts';
import type { Report, SandboxExit } from '../../../../portwrap/index.ts';
import type { JobPlacement } from '../../../records/record.ts';

export function endedEarly({ id, node }: JobPlacement, { code }: SandboxExit): PortwrapError {
  const where = node === null ? '' : ` on ${node}`;
  const message = `the Slurm job ${id}${where} ended with exit code ${code ?? '(unknown)'} before its server ran`;
  return new PortwrapError('JOB_FAILED', message);
}

/** The error from the job's own report; a code that this version does not know is ignored. */
export function failure(
  { code, message, hint }: Extract<Report, { event: 'failed' }>,
  node: string | null,
): PortwrapError {
  const known = Object.hasOwn(errorCatalogue, code) ? (code as ErrorCode) : 'JOB_FAILED';
  return new PortwrapError(known, `on ${node ?? 'the node'}: ${message}`, { hint });
}

export function requeued(id: string): PortwrapError {
  return new PortwrapError('JOB_REQUEUED', `the Slurm job ${id} was put back into the queue`);
}

export function forgotten(id: string): PortwrapError {
  return new PortwrapError(
    'JOB_GONE',
    `Slurm has no record of the job ${id} any more; how it ended is unknown`,
  );
}
