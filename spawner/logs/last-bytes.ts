// Reads the end of a file. Not here: splitting it into lines (tail.ts, reader.ts).
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** The last bytes, at most `most`, and the size of the file. Throws the system's error when it cannot be read. */
export function readLastBytes(path: string, most: number): { readonly bytes: Buffer; readonly size: number } {
  return withFile(path, (fd, size) => {
    const length = Math.min(size, most);
    return { bytes: readAt(fd, size - length, length), size };
  });
}

/** Opens the file while `read` runs. */
export function withFile<T>(path: string, read: (fd: number, size: number) => T): T {
  const fd = openSync(path, 'r');
  try {
    // a payload may write at any offset of its own log, even beyond the range of safe integers
    return read(fd, Math.min(fstatSync(fd).size, Number.MAX_SAFE_INTEGER));
  } finally {
    closeSync(fd);
  }
}

export function readAt(fd: number, position: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  return buffer.subarray(0, readSync(fd, buffer, 0, length, position));
}
