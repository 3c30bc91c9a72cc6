// A sandbox whose payload has ended and whose pid 1 is stopped, by a signal or a debugger: it could not notice, and
// would never end. Not here: ending one that runs (sandbox.ts).
import { setTimeout as pause } from 'node:timers/promises';
import { childrenOf, isAlive, readStat } from '../system/process.ts';
import type { Sandbox } from './sandbox.ts';

/** Milliseconds between two looks: the kernel tells of a stop only to parents and debuggers. */
const pace = 100;

/** Watches a sandbox that was told to end until it has; kills one that could not. */
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
