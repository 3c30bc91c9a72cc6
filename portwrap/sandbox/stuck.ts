// Ends processes of bubblewrap that no record names. bwrap's parent may be killed between the clone of its child and the
// moment when it lets the child go on: then the child waits forever. It holds the sandbox's life FIFO, and is found by it.
// Not here: ending a sandbox by its pid (sandbox.ts, launch/build.ts).
import { readdirSync, statSync } from 'node:fs';
import { identify, readStat, signalProcess } from '../system/process.ts';

/** Milliseconds that a sandbox may take to end before its stuck processes are searched for: all of /proc is read. */
const stuckDelay = 2_000;

/** After that time, kills the processes of bubblewrap that have `fifo` open, unless `ended` has settled. */
export function killStuckLater(fifo: string, ended: Promise<unknown>): void {
  const timer = setTimeout(() => killStuck(fifo), stuckDelay);
  const cancel = () => clearTimeout(timer);
  ended.then(cancel, cancel);
}

/** Kills them now; processes with another name, such as the forwarder and the launcher, are left. */
export function killStuck(fifo: string): void {
  const wanted = fileId(fifo);
  if (wanted === null) return;
  for (const pid of readdirSync('/proc').map(Number).filter(Boolean)) {
    if (readStat(pid)?.name !== 'bwrap' || !openFilesOf(pid).includes(wanted)) continue;
    const process = identify(pid);
    if (process !== null) signalProcess(process, 'SIGKILL');
  }
}

/** Empty for a process that has ended, or that belongs to another account. */
function openFilesOf(pid: number): (string | null)[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => fileId(`/proc/${pid}/fd/${fd}`));
  } catch {
    return [];
  }
}

function fileId(path: string): string | null {
  try {
    const { dev, ino } = statSync(path);
    return `${dev}:${ino}`;
  } catch {
    return null;
  }
}
