// Repeats a build from the machine's mounts when they changed meanwhile: an automount that expires between two system
// calls of bubblewrap makes it fail ("Unable to apply mount flags: remount ..."). So does a program that replaces a file
// over which one is mounted, as useradd(8) does with /etc/passwd ("Can't bind mount ...").
// Not here: building (launch/build.ts).
import { statSync } from 'node:fs';
import { PortwrapError } from '../../config/errors.ts';
import { leftSomething } from '../system/teardown.ts';
import { readMountinfo } from './table.ts';

export interface Watched {
  readonly readMounts?: () => string;
  /** Paths of files over which something is mounted. */
  readonly files?: readonly string[];
  readonly tries?: number;
}

/**
 * The result of `build`, which is given the mountinfo of this process. After SANDBOX_FAILED while mounts or files changed,
 * `build` runs again, `tries` times in all.
 */
export async function whileMountsAreSteady<T>(
  build: (mountinfo: string) => Promise<T>,
  { readMounts = () => readMountinfo('self'), files = [], tries = 4 }: Watched = {},
): Promise<T> {
  const mounts = readMounts();
  const before = identities(files);
  try {
    return await build(mounts);
  } catch (error) {
    const isOurs = error instanceof PortwrapError && error.code === 'SANDBOX_FAILED' && !leftSomething(error);
    const isSteady = () => readMounts() === mounts && identities(files) === before;
    if (!isOurs || tries <= 1 || isSteady()) throw error;
    return whileMountsAreSteady(build, { readMounts, files, tries: tries - 1 });
  }
}

/** A file that is replaced gets another inode. */
function identities(files: readonly string[]): string {
  return files.map((path) => statSync(path, { throwIfNoEntry: false })?.ino ?? '').join();
}
