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
  watched: Watched = {},
): Promise<T> {
  const settled = async (mountinfo: string) => (await Promise.allSettled([build(mountinfo)]))[0];
  const outcome = await repeatWhileMountsChange(
    settled,
    (one) => one.status === 'rejected' && isOurs(one.reason),
    watched,
  );
  if (outcome.status === 'rejected') throw outcome.reason;
  return outcome.value;
}

/** What `act` resolves with. While that is a failure, and mounts or files changed meanwhile, it runs again. */
export async function repeatWhileMountsChange<T>(
  act: (mountinfo: string) => Promise<T>,
  isFailure: (outcome: T) => boolean,
  { readMounts = () => readMountinfo('self'), files = [], tries = 4 }: Watched = {},
): Promise<T> {
  const mounts = readMounts();
  const before = identities(files);
  const outcome = await act(mounts);
  const isSteady = () => readMounts() === mounts && identities(files) === before;
  if (!isFailure(outcome) || tries <= 1 || isSteady()) return outcome;
  return repeatWhileMountsChange(act, isFailure, { readMounts, files, tries: tries - 1 });
}

function isOurs(error: unknown): boolean {
  return error instanceof PortwrapError && error.code === 'SANDBOX_FAILED' && !leftSomething(error);
}

/** A file that is replaced gets another inode. */
function identities(files: readonly string[]): string {
  return files.map((path) => statSync(path, { throwIfNoEntry: false })?.ino ?? '').join();
}
