// The processes that preload adds to a service, found in /proc, to be killed at a chosen moment.
// Not here: the service (preload.ts), talking to a fork server (fork-order.ts).
import { readFileSync } from 'node:fs';
import { childrenOf, type ProcessStat, readStat } from '../../portwrap/system/process.ts';
import { processesBelow, type TestService } from './service.ts';

export interface ForkProcesses {
  /** Fork servers, those that import included. */
  readonly servers: readonly number[];
  /** Their children: one that imports first, and those that are on their way into a sandbox. */
  readonly children: readonly number[];
  /** Those that have entered one, until they are the server. */
  readonly entered: readonly number[];
}

export function forkProcesses(service: TestService): ForkProcesses {
  const pids = processesBelow(service.stateDirectory, 'portwrap_preload');
  const parentOf = (pid: number) => readStat(pid)?.parent ?? 0;
  const servers = pids.filter((pid) => [1, service.pid()].includes(parentOf(pid)));
  const children = pids.filter((pid) => servers.includes(parentOf(pid)));
  return { servers, children, entered: pids.filter((pid) => isInit(parentOf(pid))) };
}

/** Until it is the server (preload/portwrap_preload/join.py). */
export const nameOfEntered = 'portwrap-child';

/** Kills a child that has entered a sandbox and is not the server yet; false: there is none. */
export function killEntered(service: TestService): boolean {
  return forkProcesses(service).entered.some((pid) => {
    const isServer = stopped(pid)?.name !== nameOfEntered;
    return signal(pid, isServer ? 'SIGCONT' : 'SIGKILL') && !isServer;
  });
}

/** Stops it: what it is then, it stays. Null: it has ended. */
export function stopped(pid: number): ProcessStat | null {
  signal(pid, 'SIGSTOP');
  for (;;) {
    const stat = readStat(pid);
    if (stat === null || stat.state === 'T') return stat;
    if (stat.state === 'Z') return null;
  }
}

export function kill(pid: number): boolean {
  return signal(pid, 'SIGKILL');
}

/** False: it has ended. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}

export function isInit(pid: number): boolean {
  return readStat(pid)?.name === 'portwrap-init';
}

/** Children that have ended, and for which the process has not waited. */
export function zombiesOf(pid: number): number[] {
  return childrenOf(pid).filter((child) => readStat(child)?.state === 'Z');
}

/** The start of its command line. */
export function wordsOf(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').slice(0, 60);
}
