// Whether a failed system call is the fault of the machine's state, such as a full disk, and may succeed later.
// Not here: what to do then.

/** False for what only an administrator can mend: a wrong path, missing permissions. */
export function isOutage(error: unknown): boolean {
  return error instanceof Error && 'code' in error && outages.has(String(error.code));
}

/** errno(3). */
const outages = new Set([
  'ENOSPC',
  'EDQUOT',
  'EIO',
  'EROFS',
  'ESTALE',
  'EMFILE',
  'ENFILE',
  'ENOMEM',
  'EAGAIN',
]);
