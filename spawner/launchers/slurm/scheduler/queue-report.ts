// Reports a job's progress through the queue to the user, as progress events: only changes.
// Not here: polling (queue-watch.ts).
import type { ProgressLog } from '../../../records/progress.ts';
import { phaseOf } from './job-state.ts';
import type { QueueObservation } from './queue-watch.ts';
import type { QueueEntry } from './squeue.ts';

export function createQueueReport(
  id: string,
  report: ProgressLog['add'],
): (observation: QueueObservation) => void {
  let last = '';
  let progress = 10;
  return (observation) => {
    const message = messageOf(id, observation);
    if (message === null || message === last) return;
    last = message;
    if (observation.kind === 'seen' && phaseOf(observation.entry.state) === 'runs') progress = 40;
    report({ progress, message });
  };
}

function messageOf(id: string, observation: QueueObservation): string | null {
  if (observation.kind === 'absent') return null;
  if (observation.kind === 'unknown') return `Slurm does not respond (${observation.error.message}); waiting`;
  const { entry, before } = observation;
  switch (phaseOf(entry.state)) {
    case 'waits':
      return waiting(id, entry, before);
    case 'runs':
      return running(id, entry);
    default:
      return null;
  }
}

function waiting(id: string, { state, reason, partition, start }: QueueEntry, before: number): string {
  const why = state === 'PENDING' ? reason : `${state}, ${reason}`;
  const when = start === null ? '' : `; expected to start ${timeOfDay(start)}`;
  const jobs = before > 0 ? `; jobs before it: ${before}` : '';
  return `Slurm job ${id} waits in the partition ${partition} (${why})${jobs}${when}`;
}

function running(id: string, { state, node, end }: QueueEntry): string {
  const where = node === null ? '' : ` on ${node}`;
  const what = state === 'RUNNING' ? 'runs' : `is ${state.toLowerCase()}`;
  return `Slurm job ${id} ${what}${where}${end === null ? '' : `, until ${timeOfDay(end)}`}`;
}

/** To the minute: a change of an estimate by seconds is not reported. */
function timeOfDay(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
