// The nice value of the processes of a sandbox, setpriority(2); their later children inherit it. Only root can take it back.
import { getPriority, setPriority } from 'node:os';

/** Adds `nice` to the value of each process; one that has ended is noticed elsewhere. */
export function lowerPriority(pids: readonly number[], nice: number): void {
  if (nice === 0) return;
  for (const pid of pids) {
    try {
      setPriority(pid, Math.min(lowest, getPriority(pid) + nice));
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }
}

const lowest = 19;

/** Node puts the error of the system call below `info`. */
function isGone(error: unknown): boolean {
  return (error as { info?: { code?: string } }).info?.code === 'ESRCH';
}
