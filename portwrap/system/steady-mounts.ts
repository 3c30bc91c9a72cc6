// What is built from the machine's mounts is built again when these changed meanwhile: an automount that expires
// between two calls of bubblewrap ends it ("Unable to apply mount flags: remount ...").
// Not here: building (launch/build.ts).
import { readFileSync } from 'node:fs';
import { PortwrapError } from '../../config/errors.ts';
import { leftSomething } from './teardown.ts';

/** What `build` gives. A SANDBOX_FAILED of it while mounts came or went is tried again, `tries` times in all. */
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

/** proc(5), mountinfo. */
export function ownMounts(): string {
  return mountsOf('self');
}

export function mountsOf(process: number | 'self'): string {
  return readFileSync(`/proc/${process}/mountinfo`, 'utf8');
}
