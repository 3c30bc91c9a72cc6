// How the directories for temporary files are registered: in /var/tmp, by a name that says of which host and boot they
// are. Not here: making (directory.ts), removing (removal.ts) and finding them (sweep.ts).
import { readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { PortwrapError } from '../../config/errors.ts';
import { bootId } from '../system/process.ts';

/** Where directories of all sandboxes are registered; `disk` has the files there too. */
export const registry = '/var/tmp';

/** What a registered directory contains. */
export const parts = {
  /** The life FIFO of its sandbox, or a link to it. Absent until it has a writer. */
  life: 'life',
  /** The FIFO until then. */
  newLife: 'life.new',
  /** The files. */
  files: 'files',
  /** Their file system, if it has a bounded size; until it is mounted there. */
  image: 'image',
  /** Instead of them: a link whose text is their directory. */
  elsewhere: 'elsewhere',
  /** With it: a link whose text is their uid and gid, such as "1000:1000". */
  account: 'account',
} as const;

/** The directory of an account for its sandboxes, in a directory that the administrator named. */
export function ownPart(directory: string, uid: number): string {
  return join(directory, `portwrap-${uid}`);
}

/** What the name of a registered directory says; null: it is none. */
export function parseName(name: string): { host: string; boot: string } | null {
  const [, host, boot] = /^portwrap-(.+)-([0-9a-f]{32})-\w{6}$/.exec(name) ?? [];
  return host === undefined || boot === undefined ? null : { host, boot };
}

/** Host and boot of this process, as names have them. /var/tmp may be shared by hosts, and outlives a boot. */
export function here(): { host: string; boot: string } {
  return { host: encodeURIComponent(hostname()), boot: bootId().replaceAll('-', '') };
}

/** The text of a link in a registered directory; null if it does not exist. */
export function readPart(path: string, part: keyof typeof parts): string | null {
  try {
    return readlinkSync(join(path, parts[part]));
  } catch {
    return null;
  }
}

/** Does what changes the registry. Throws STORAGE_FAILED. */
export function inRegistry<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    const { message } = cause as Error;
    throw new PortwrapError('STORAGE_FAILED', `temporary files cannot be made in ${registry}: ${message}`, {
      hint: `Make ${registry} writable and free space there; or keep temporary files in memory ("files.temporary_in: memory", --temporary-in memory).`,
      cause,
    });
  }
}
