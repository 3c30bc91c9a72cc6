// Repeats a build from the machine's mounts when they changed meanwhile: an automount that expires between two system
// calls of bubblewrap makes it fail ("Unable to apply mount flags: remount ...").
// Not here: building (launch/build.ts).
import { PortwrapError } from '../../config/errors.ts';
import { leftSomething } from '../system/teardown.ts';
import { readMountinfo } from './table.ts';

/**
 * The result of `build`, which is given the mountinfo of this process. After SANDBOX_FAILED while mounts changed, `build`
 * runs again, `tries` times in all.
 */
export async function whileMountsAreSteady<T>(
  build: (mountinfo: string) => Promise<T>,
  readMounts: () => string = () => readMountinfo('self'),
  tries = 4,
): Promise<T> {
  const before = readMounts();
  try {
    return await build(before);
  } catch (error) {
    const isOurs = error instanceof PortwrapError && error.code === 'SANDBOX_FAILED' && !leftSomething(error);
    if (!isOurs || tries <= 1 || readMounts() === before) throw error;
    return whileMountsAreSteady(build, readMounts, tries - 1);
  }
}
