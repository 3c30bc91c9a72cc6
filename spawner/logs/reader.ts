// Reads servers' logs: the last lines, and later output as it is written. Not here: rotation (rotation.ts).
import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { StateDirectory } from '../records/state-directory.ts';
import { logFileOf, olderLogFile } from './files.ts';
import { readAt, readLastBytes, withFile } from './last-bytes.ts';

export interface LogReader {
  /** The last `lines` lines, at most `mostBytes` bytes, and the position where the next lines begin. */
  tail(id: string, lines: number): { text: Buffer; position: number };
  /** The output after `position`, until `ended` has settled and all is read, or until aborted. */
  follow(id: string, position: number, ended: Promise<void>, abort: AbortSignal): AsyncIterable<Buffer>;
}

const mostBytes = 1_048_576;
const chunkBytes = 65_536;

export function createLogReader(state: Pick<StateDirectory, 'logs'>): LogReader {
  return {
    tail(id, lines) {
      const path = logFileOf(state, id);
      const { bytes, size } = lastBytes(path, mostBytes);
      const older = bytes.length < mostBytes ? lastBytes(olderLogFile(path), mostBytes - bytes.length) : null;
      const all = older === null ? bytes : Buffer.concat([older.bytes, bytes]);
      return { text: lastLines(all, lines), position: size };
    },
    follow: (id, position, ended, abort) => followFile(logFileOf(state, id), position, ended, abort),
  };
}

async function* followFile(
  path: string,
  from: number,
  ended: Promise<void>,
  abort: AbortSignal,
): AsyncIterable<Buffer> {
  let position = from;
  let isOver = false;
  let wake = () => {};
  let changed = new Promise<void>((resolve) => {
    wake = resolve;
  });
  const unwatch = watchFile(path, () => wake());
  abort.addEventListener('abort', () => wake(), { once: true });
  ended.then(() => {
    isOver = true;
    wake();
  });
  try {
    while (!abort.aborted) {
      const last = isOver; // evaluated before reading, so that all output before the end is read
      const { bytes, next } = bytesAfter(path, position);
      position = next;
      if (bytes.length > 0) yield bytes;
      else if (last) return;
      else {
        await changed;
        changed = new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    unwatch();
  }
}

/** Calls `changed` at every change of the file, which need not exist yet. Returns the function that ends this. */
function watchFile(path: string, changed: () => void): () => void {
  let watcher = watchOrNull(path, changed);
  if (watcher !== null) return () => watcher?.close();
  const directory = watch(dirname(path), (_event, name) => {
    if (name === basename(path)) tryAgain();
  });
  directory.on('error', changed);
  const tryAgain = () => {
    watcher ??= watchOrNull(path, changed);
    if (watcher !== null) directory.close();
    changed();
  };
  tryAgain(); // it may have been created before its directory was watched
  return () => {
    directory.close();
    watcher?.close();
  };
}

function watchOrNull(path: string, changed: () => void): FSWatcher | null {
  try {
    return watch(path, changed).on('error', changed);
  } catch {
    return null;
  }
}

/** A file that is shorter than `position` was truncated, so it is read from its beginning. */
function bytesAfter(path: string, position: number): { bytes: Buffer; next: number } {
  const read = () =>
    withFile(path, (fd, size) => {
      const from = position > size ? 0 : position;
      const bytes = readAt(fd, from, Math.min(size - from, chunkBytes));
      return { bytes, next: from + bytes.length };
    });
  return ifThere(read) ?? { bytes: Buffer.alloc(0), next: 0 };
}

function lastBytes(path: string, most: number): { bytes: Buffer; size: number } {
  return ifThere(() => readLastBytes(path, most)) ?? { bytes: Buffer.alloc(0), size: 0 };
}

/** Null when the file does not exist. */
function ifThere<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function lastLines(bytes: Buffer, lines: number): Buffer {
  if (lines === 0) return Buffer.alloc(0);
  let begin = bytes.length - 1; // a final newline ends the last line
  for (let found = 0; begin > 0; begin -= 1) {
    if (bytes[begin - 1] === 0x0a) found += 1;
    if (found === lines) break;
  }
  return bytes.subarray(Math.max(begin, 0));
}
