// Processes as /proc shows them: identity (a pid together with its start time, since pids are used again),
// children, signals. Not here: whether a sandbox lives (liveness.ts).
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

/** The parsed /proc/PID/stat (proc(5)), or null if the process does not exist. */
export function readStat(pid: number | 'self'): ProcessStat | null {
  const text = readProc(`/proc/${pid}/stat`);
  if (text === null) return null;
  // the command name is in parentheses and may contain any character, so parse after the last parenthesis
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

/** The process that has `pid` now, or null when it has ended (a zombie has ended: it only waits for its parent). */
export function identify(pid: number): ProcessIdentity | null {
  const stat = readStat(pid);
  if (stat === null || stat.state === 'Z' || stat.state === 'X') return null;
  return { pid, startTime: stat.startTime };
}

/** Whether this is the terminal's foreground group, to all of which the terminal sends the signals of its keys. */
export function isTerminalForeground(): boolean {
  const stat = readStat('self');
  return stat !== null && stat.terminalGroup === stat.group;
}

/** When it was started, in milliseconds since the epoch, to the second; null when the kernel does not say when it booted. */
export function startedAt({ startTime }: Pick<ProcessIdentity, 'startTime'>): number | null {
  const boot = /^btime (\d+)$/m.exec(readProc('/proc/stat') ?? '')?.[1];
  return boot === undefined ? null : (Number(boot) + Math.floor(startTime / ticksPerSecond)) * 1000;
}

/** Of the times in /proc: 100 on every Linux machine, see clock ticks in proc(5). */
const ticksPerSecond = 100;

export function thisProcess(): ProcessIdentity {
  const own = identify(process.pid);
  if (own === null) throw new Error('/proc does not show this process');
  return own;
}

/** Whether it still is that process, and not another one with the same pid. */
export function isAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.startTime === identity.startTime;
}

/**
 * The monitor of the sandbox whose pid 1 is `child`; null when it has ended. Its children's parent is then init, or an
 * ancestor of ours that adopts orphans (PR_SET_CHILD_SUBREAPER, prctl(2)); neither may be moved or waited for.
 */
export function monitorOf(child: ProcessIdentity): ProcessIdentity | null {
  const parent = readStat(child.pid)?.parent ?? 0;
  return readStat(parent)?.name === 'bwrap' ? identify(parent) : null;
}

/** Settles when that process has ended. The kernel notifies only parents, so /proc is polled. */
export async function gone(identity: ProcessIdentity): Promise<void> {
  while (isAlive(identity)) await pause(5);
}

/** Signals exactly that process; false when it has ended. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isAlive(identity)) return false;
  try {
    return process.kill(identity.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** Asks exactly that process to end. */
export function endProcess(identity: ProcessIdentity): void {
  signalProcess(identity, 'SIGTERM');
}

/** Kills the process group that a child of ours leads; undefined: it was not started. */
export function killGroup(leader: number | undefined): void {
  try {
    if (leader !== undefined) process.kill(-leader, 'SIGKILL');
  } catch {
    // nothing of it is left
  }
}

export interface ProcessIds {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
}

/** The ids of a process; null when it has ended. In a sandbox those of the account, with the groups that setpriv(1) has found. */
export function readIds(pid: number): ProcessIds | null {
  return idsOf(readProc(`/proc/${pid}/status`) ?? '');
}

/** proc_pid_status(5). */
export function idsOf(status: string): ProcessIds | null {
  const numbers = (name: string) =>
    new RegExp(`^${name}:([\\d \\t]*)$`, 'm').exec(status)?.[1]?.split(/\s+/).filter(Boolean).map(Number);
  const [uid] = numbers('Uid') ?? [];
  const [gid] = numbers('Gid') ?? [];
  const groups = numbers('Groups');
  return uid === undefined || gid === undefined || groups === undefined ? null : { uid, gid, groups };
}

/** Direct children of a process's main thread. */
export function childrenOf(pid: number): readonly number[] {
  const text = readProc(`/proc/${pid}/task/${pid}/children`);
  return text === null ? [] : text.split(' ').filter(Boolean).map(Number);
}

/** Identifies this boot of the machine: after another boot none of our processes is left. */
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
