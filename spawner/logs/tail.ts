// The last lines of a server's log. Not here: who writes it.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const maxBytes = 8192;
const maxLineLength = 500;

/** At most `lines` lines, oldest first, without control characters; none when there is no log that can be read. */
export function logTail(path: string, lines: number): string[] {
  let fd: number | undefined;
  try {
    fd = openSync(path, 'r');
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
  } catch {
    return []; // there is none, or its file system cannot be read: what it would have told must not fail an end
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
