// Processes as /proc shows them: identity (a pid together with its start time, since pids are used again),
// children, signals. Not here: whether a sandbox lives; that is told by its FIFO (liveness.ts).
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

export interface ProcessIdentity {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat, in clock ticks since boot. */
  readonly startTime: number;
}

export interface ProcessStat {
  /** The first 15 bytes of its program's name. */
  readonly name: string;
  readonly state: string;
  readonly parent: number;
  readonly group: number;
  /** The foreground process group of its terminal; -1 without one. */
  readonly terminalGroup: number;
  readonly startTime: number;
}

/** What /proc/PID/stat says (proc(5)), or null when there is no such process. */
export function readStat(pid: number | 'self'): ProcessStat | null {
  const text = readProc(`/proc/${pid}/stat`);
  if (text === null) return null;
  // the command name stands in parentheses and may hold any character, so count from the last one
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return {
    name: text.slice(text.indexOf('(') + 1, text.lastIndexOf(')')),
    state: fields[0] ?? '',
    parent: Number(fields[1]),
    group: Number(fields[2]),
    terminalGroup: Number(fields[5]),
    startTime: Number(fields[19]),
  };
}

/** Who `pid` is now, or null when it is gone (a zombie is gone: it only waits for its parent). */
export function identify(pid: number): ProcessIdentity | null {
  const stat = readStat(pid);
  if (stat === null || stat.state === 'Z' || stat.state === 'X') return null;
  return { pid, startTime: stat.startTime };
}

export function thisProcess(): ProcessIdentity {
  const own = identify(process.pid);
  if (own === null) throw new Error('/proc does not show this process');
  return own;
}

/** Is it still that process, and not another one under its pid? */
export function isAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.startTime === identity.startTime;
}

/**
 * The monitor of the sandbox whose pid 1 is `child`; null when it has ended. Its children are then init's, or those of
 * a process above us that adopts orphans (PR_SET_CHILD_SUBREAPER, prctl(2)), which is nobody's to move or to wait for.
 */
export function monitorOf(child: ProcessIdentity): ProcessIdentity | null {
  const parent = readStat(child.pid)?.parent ?? 0;
  return readStat(parent)?.name === 'bwrap' ? identify(parent) : null;
}

/** Settles when that process has ended. The kernel notifies only parents, so /proc is polled. */
export async function gone(identity: ProcessIdentity): Promise<void> {
  while (isAlive(identity)) await pause(5);
}

/** Signals exactly that process; false when it is gone. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isAlive(identity)) return false;
  try {
    return process.kill(identity.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** Direct children of a process's main thread. */
export function childrenOf(pid: number): readonly number[] {
  const text = readProc(`/proc/${pid}/task/${pid}/children`);
  return text === null ? [] : text.split(' ').filter(Boolean).map(Number);
}

/** Names this boot of the machine: after another boot no process of ours is left. */
export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

function readProc(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ESRCH') return null;
    throw error;
  }
}
