// Repeats a build from the machine's mounts when they changed meanwhile: an automount that expires between two system
// calls of bubblewrap makes it fail ("Unable to apply mount flags: remount ...").
// Not here: building (launch/build.ts).
import { readFileSync } from 'node:fs';
import { PortwrapError } from '../../config/errors.ts';
import { leftSomething } from './teardown.ts';

/** The result of `build`. After SANDBOX_FAILED while mounts changed, `build` runs again, `tries` times in all. */
export async function whileMountsAreSteady<T>(
  build: () => Promise<T>,
  readMounts: () => string = ownMounts,
  tries = 4,
): Promise<T> {
  const before = readMounts();
  try {
    return await build();
  } catch (error) {
    const isOurs = error instanceof PortwrapError && error.code === 'SANDBOX_FAILED' && !leftSomething(error);
    if (!isOurs || tries <= 1 || readMounts() === before) throw error;
    return whileMountsAreSteady(build, readMounts, tries - 1);
  }
}

/** The mountinfo of this process, proc(5). */
export function ownMounts(): string {
  return mountsOf('self');
}

export function mountsOf(process: number | 'self'): string {
  return readFileSync(`/proc/${process}/mountinfo`, 'utf8');
}
