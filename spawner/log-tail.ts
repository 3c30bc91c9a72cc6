// The last lines of a server's log. Not here: who writes it.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const maxBytes = 8192;
const maxLineLength = 500;

/** At most `lines` lines, oldest first, without control characters; none when there is no log. */
export function logTail(path: string, lines: number): string[] {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  try {
    // a payload may write at any offset of its own log, where nothing can be read
    const size = Math.min(fstatSync(fd).size, Number.MAX_SAFE_INTEGER);
    const buffer = Buffer.alloc(Math.min(size, maxBytes));
    readSync(fd, buffer, 0, buffer.length, size - buffer.length);
    const printable = buffer
      .toString('utf8')
      .split('\n')
      .map((line) => line.replace(/[\p{Cc}\p{Cf}]+/gu, ' ').trimEnd());
    return printable
      .filter((line) => line !== '')
      .slice(-lines)
      .map((line) => line.slice(0, maxLineLength));
  } finally {
    closeSync(fd);
  }
}
