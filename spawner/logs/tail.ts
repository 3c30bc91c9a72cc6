// The last lines of a server's log. Not here: who writes it.
import { readLastBytes } from './last-bytes.ts';

const maxBytes = 8192;
const maxLineLength = 500;

/** At most `lines` lines, oldest first, without control characters; none when there is no log that can be read. */
export function logTail(path: string, lines: number): string[] {
  try {
    const { bytes } = readLastBytes(path, maxBytes);
    const printable = bytes
      .toString('utf8')
      .split('\n')
      .map((line) => line.replace(/[\p{Cc}\p{Cf}]+/gu, ' ').trimEnd());
    return printable
      .filter((line) => line !== '')
      .slice(-lines)
      .map((line) => line.slice(0, maxLineLength));
  } catch {
    return []; // there is none, or its file system cannot be read: what it would have told must not fail an end
  }
}
