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
    const [payload] = childrenOf(child.pid);
    const hasEnded = payload === undefined || readStat(payload)?.state === 'Z';
    if (!hasEnded || !/^[tT]$/.test(readStat(child.pid)?.state ?? '')) continue;
    await sandbox.stop(0);
    return;
  }
}
