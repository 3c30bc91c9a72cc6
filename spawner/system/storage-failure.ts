// What it means that a file of the service could not be read or written, and what to do about it.
// Not here: what the other failures of the system mean (config/errors.ts).
import { PortwrapError, toPortwrapError } from '../../config/errors.ts';
import { isAtOrBelow } from '../../portwrap/index.ts';

/** By the system's error code (errno(3)); `%` stands for the directory. */
const remedies: Readonly<Partial<Record<string, string>>> = {
  ENOENT: 'Was % unmounted or removed? Mount it again; running servers are not affected.',
  ENOTDIR: 'Not a directory: %, or one above it. Move it away.',
  ESTALE: 'The file system of % is gone: mount it again; running servers are not affected.',
  EROFS: 'The file system of % is read-only: see dmesg for why, then mount -o remount,rw.',
  ENOSPC: 'The file system of % is full: free some space or inodes (df, df -i).',
  EDQUOT: 'The quota on the file system of % is used up: free some space, or raise it.',
  EIO: 'The disk or network below % fails: see dmesg.',
  EACCES: 'The service has no permission for %: make its account the owner, with mode 0700.',
  EPERM: 'The service has no permission for %: make its account the owner, with mode 0700.',
};

/** `what` says what could not be done; `directory` is the one that a person would look at. */
export function storageFailure(
  cause: unknown,
  what: string,
  directory: string,
  server?: string,
): PortwrapError {
  if (cause instanceof PortwrapError) return cause;
  const { code = '', message } = cause as NodeJS.ErrnoException;
  const hint = remedies[code]?.replace('%', () => directory);
  if (hint === undefined) return toPortwrapError(cause);
  return new PortwrapError('STORAGE_FAILED', `${what}: ${message}`, { hint, server, cause });
}

/** Is that a call of the system that failed at `directory` or below it? */
export function isBelow(cause: unknown, directory: string): boolean {
  const { path } = (cause ?? {}) as NodeJS.ErrnoException;
  return path !== undefined && isAtOrBelow(path, directory);
}
