// Standard output for log lines. Where it is a file on a full disk, lines are lost, and it says how many when it goes on:
// process.stdout would stay silent after the first error.
// Not here: the lines (log-lines.ts, access-line.ts).
import { fstatSync, writeSync } from 'node:fs';

/** Writes a line, with its newline, to standard output of this process. */
export function writeStandardOutput(line: string): void {
  write ??= isFile() ? fileWriter() : streamWriter();
  write(line);
}

let write: ((line: string) => void) | undefined;

function isFile(): boolean {
  try {
    return fstatSync(1).isFile();
  } catch {
    return false;
  }
}

function streamWriter(): (line: string) => void {
  // A reader that goes away (a hub that restarts) must not take the proxy with it.
  process.stdout.on('error', () => undefined);
  return (line) => void process.stdout.write(line);
}

/** A write to a file does not wait, except for the disk, as with process.stdout. */
function fileWriter(): (line: string) => void {
  /** What remains of a line that was written in part. */
  let torn: Buffer<ArrayBufferLike> = Buffer.alloc(0);
  let lost = 0;
  /** Returns whether the line was written, or at least begun. */
  const put = (line: string): boolean => {
    const text = Buffer.concat([torn, Buffer.from(line)]);
    let written = 0;
    try {
      while (written < text.length) written += writeSync(1, text, written);
      torn = Buffer.alloc(0);
      return true;
    } catch {
      const isBegun = written > torn.length;
      torn = isBegun ? text.subarray(written) : torn.subarray(written);
      return isBegun;
    }
  };
  return (line) => {
    if (lost > 0 && put(`${new Date().toISOString()} [ConfigProxy] warn: ${lost} lines were lost here\n`))
      lost = 0;
    if (lost > 0 || !put(line)) lost++;
  };
}
