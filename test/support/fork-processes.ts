// The processes that preload adds to a service, found in /proc, to be killed at a chosen moment.
// Not here: the service (preload.ts), talking to a fork server (fork-order.ts).
import { readFileSync } from 'node:fs';
import { childrenOf, readStat } from '../../portwrap/system/process.ts';
import { openFilesOf } from './machine/open-files.ts';
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

/** Kills a child that waits for "go"; false: none does. The service is stopped meanwhile, so that it says nothing. */
export function killWaiting(service: TestService): boolean {
  if (!forkProcesses(service).entered.some(isWaiting)) return false;
  process.kill(service.pid(), 'SIGSTOP');
  try {
    const [waiting] = forkProcesses(service).entered.filter(isWaiting);
    return waiting !== undefined && kill(waiting);
  } finally {
    process.kill(service.pid(), 'SIGCONT');
  }
}

/** False: it has ended. */
export function kill(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    return false;
  }
}

/** It sleeps, so nothing has been said to it, and process 1 has its socket, so neither was it told to adopt. */
function isWaiting(pid: number): boolean {
  const stat = readStat(pid);
  return stat?.state === 'S' && hasSocket(pid) && hasSocket(stat.parent);
}

const hasSocket = (pid: number) => openFilesOf(pid).some((target) => target.startsWith('socket:'));

function isInit(pid: number): boolean {
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
