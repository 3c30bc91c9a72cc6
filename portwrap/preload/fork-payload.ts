// The payload as a child of a fork server instead of a command, while the network of its sandbox is made.
// Not here: asking the fork server (fork.ts), the choice which of them it is in the end (launch/launch.ts).
import { enterCgroup } from '../cgroups/cgroup.ts';
import type { CgroupPlace } from '../cgroups/place.ts';
import { lowerPriority } from '../sandbox/priority.ts';
import { isAlive, type ProcessIdentity, readIds } from '../system/process.ts';
import { type ForkedChild, type ForkOrder, forkChild } from './fork.ts';
import type { PreloadRequest } from './request.ts';

export interface ForkedPayload {
  /** Process 1 of the sandbox. */
  readonly child: ProcessIdentity;
  /** Its seccomp program. */
  readonly filter: Buffer;
  readonly payload: Pick<ForkOrder, 'environment' | 'directory' | 'umask' | 'open_files' | 'command'>;
  readonly cgroup: CgroupPlace | null;
  readonly nice: number;
  /** Settles when the sandbox is in its control group. */
  readonly entered: Promise<unknown>;
}

/** Null: start the command. Never rejects; `preload` gets the reason. */
export async function forkPayload(
  preload: PreloadRequest,
  { child, filter, payload, cgroup, nice, entered }: ForkedPayload,
): Promise<ForkedChild | null> {
  try {
    await entered;
    const ids = readIds(child.pid);
    if (ids === null || !isAlive(child)) throw new Error('the sandbox has ended');
    const order = {
      ...{ pid: child.pid, start_time: child.startTime, ...ids, filter: filter.toString('hex') },
      ...payload,
      ...{ argv: preload.argv, script: preload.script },
    };
    const enter = async (pid: number) => {
      if (cgroup !== null) await enterCgroup(cgroup, [pid]);
      lowerPriority([pid], nice);
    };
    return await forkChild(preload.socket, order, enter);
  } catch (error) {
    preload.notUsed((error as Error).message);
    return null;
  }
}
