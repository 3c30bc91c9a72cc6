// Puts a process that has entered a sandbox into the control group of that sandbox. Not here: asking for it (door.ts).
import { readlinkSync } from 'node:fs';
import { PortwrapError } from '../../config/errors.ts';
import { enterCgroup } from '../cgroups/cgroup.ts';
import type { CgroupPlace } from '../cgroups/place.ts';
import { isAlive, type ProcessIdentity } from '../system/process.ts';

export interface Settling {
  /** How people name the sandbox. */
  readonly label: string;
  /** Process 1 of it. */
  readonly child: ProcessIdentity;
  readonly cgroup: CgroupPlace | null;
}

/**
 * Root moves only a process in the pid namespace of the sandbox: whoever made it could enter, it belongs into that group, and
 * it ends with the sandbox. Others can move only their own processes. Throws ENTER_FAILED for another one, LIMITS_UNAVAILABLE if it may not be moved.
 */
export async function settleInside({ label, child, cgroup }: Settling, pid: number): Promise<void> {
  if (!isAlive(child) || !isInside(pid, child.pid)) {
    throw new PortwrapError('ENTER_FAILED', `process ${pid} is not in the sandbox of ${label}`);
  }
  if (cgroup === null) return;
  await enterCgroup(cgroup, [pid]).catch((cause: unknown) => {
    throw new PortwrapError('LIMITS_UNAVAILABLE', `the control group of ${label} cannot be entered`, {
      cause,
    });
  });
}

function isInside(pid: number, child: number): boolean {
  if (process.getuid?.() !== 0) return true; // they may not look at one that has just entered
  const namespaceOf = (one: number) => readlinkSync(`/proc/${one}/ns/pid`);
  try {
    return namespaceOf(pid) === namespaceOf(child);
  } catch {
    return false; // it has ended
  }
}
