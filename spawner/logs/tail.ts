// The last lines of a server's log. Not here: following it (reader.ts).
import { readLastBytes } from './last-bytes.ts';

const maxBytes = 8192;
const maxLineLength = 500;

/** At most `lines` lines, oldest first, without control characters; empty when no log can be read. */
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
    return []; // no log, or an unreadable file system: handling the end of a server must not fail without the log
  }
}
