// How large the file systems of a sandbox may become. Pages of those in memory count as memory of its server: without a
// bound a large file ends the server, or, where it has no limit, fills the memory of the machine.
// Not here: making those on disk (directory.ts, image.ts).

export interface MemoryBounds {
  /** Bytes of /dev/shm. */
  readonly shared: number;
  /** Bytes of each directory for temporary files, where they are in memory. */
  readonly temporary: number;
  /** Bytes of /run/user/UID and of other small directories. */
  readonly runtime: number;
}

/**
 * `memory` is the limit of the server in bytes; null: it has none, and the memory of the machine counts. /dev/shm gets
 * half, as the kernel's default is; /tmp and /var/tmp a quarter each, unless `temporary` says more or less; runtime
 * directories a tenth, as systemd's default is.
 */
export function memoryBounds(memory: number, temporary: number | null): MemoryBounds {
  return {
    shared: Math.floor(memory / 2),
    temporary: temporary ?? Math.floor(memory / 4),
    runtime: Math.floor(memory / 10),
  };
}

/** The least bound of temporary files on disk: of a smaller file system, most would be its tables. */
export const leastOnDisk = 16 * 2 ** 20;
