// Kills a sandbox whose payload has ended while its pid 1 is stopped, by a signal or a debugger: such a pid 1 does not
// notice the end, and would never end itself. Not here: ending a running sandbox (sandbox.ts).
import { setTimeout as pause } from 'node:timers/promises';
import { childrenOf, isAlive, readStat } from '../system/process.ts';
import type { Sandbox } from './sandbox.ts';

/** Milliseconds between two checks: the kernel reports a stop only to parents and debuggers. */
const pace = 100;

/** Watches a sandbox that is being ended until it has ended; kills it when its pid 1 is stopped. */
export async function killIfStopped(sandbox: Pick<Sandbox, 'record' | 'stop'>): Promise<void> {
  const { child } = sandbox.record;
  for (; isAlive(child); await pause(pace, undefined, { ref: false })) {
    if (!isStuck(child.pid, /^[tT]$/)) continue;
    await sandbox.stop(0);
    return;
  }
}

/** Milliseconds between two checks of a sandbox that nobody ends. */
const slowPace = 1_000;

/**
 * Watches a running sandbox until it has ended; kills it when its payload has ended twice in a row under a pid 1 that is
 * held by a debugger. One stopped by Ctrl-Z goes on with the whole job.
 */
export async function killIfDebugged(sandbox: Pick<Sandbox, 'record' | 'stop'>): Promise<void> {
  const { child } = sandbox.record;
  let wasStuck = false;
  for (; isAlive(child); await pause(slowPace, undefined, { ref: false })) {
    const stuck = isStuck(child.pid, /^t$/);
    if (stuck && wasStuck) return void (await sandbox.stop(0));
    wasStuck = stuck;
  }
}

/** Whether the payload has ended, and its pid 1, in one of these states (proc(5)), does not notice. */
function isStuck(child: number, states: RegExp): boolean {
  const [payload] = childrenOf(child);
  const hasEnded = payload === undefined || readStat(payload)?.state === 'Z';
  return hasEnded && states.test(readStat(child)?.state ?? '');
}
