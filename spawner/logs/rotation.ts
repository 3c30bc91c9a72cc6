// Keeps every server's log small: a log larger than the limit is copied and then truncated. The payload writes to the
// file itself with O_APPEND, so it continues at offset 0; its output between copy and truncation is lost.
// Not here: reading (reader.ts).
import { readdirSync, renameSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from '../../config/logger.ts';
import type { StateDirectory } from '../records/state-directory.ts';
import { olderLogFile } from './files.ts';
import { readLastBytes } from './last-bytes.ts';

export interface LogRotation {
  close(): void;
}

/** Milliseconds between two checks. Checking a size costs microseconds; with an event for every write, a payload that
 * writes continuously would keep the service busy. */
const defaultPace = 2_000;

export function startLogRotation(
  state: Pick<StateDirectory, 'logs'>,
  limit: () => number,
  log: Logger,
  pace = defaultPace,
): LogRotation {
  /** The names of logs whose last rotation failed, and "" for the directory: each is logged once. */
  let failing: ReadonlySet<string> = new Set();
  const look = () => {
    const failed = new Set<string>();
    const attempt = (name: string, work: () => void) => {
      try {
        work();
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        if (code === 'ENOENT' && name !== '') return; // the log was deleted with its server meanwhile
        failed.add(name);
        if (!failing.has(name)) log.warn({ file: name, reason: message }, 'could not rotate a log');
      }
    };
    attempt('', () => {
      for (const name of readdirSync(state.logs)) {
        if (name.endsWith('.log')) attempt(name, () => keepSmall(join(state.logs, name), limit()));
      }
    });
    failing = failed;
  };
  const timer = setInterval(look, pace);
  timer.unref();
  return { close: () => clearInterval(timer) };
}

/**
 * Copies the last `limit` bytes of a larger log and truncates the log, even if there is no space for the copy. Does not
 * use config/system/atomic-write.ts: the payload's output during the fsync would be lost.
 */
export function keepSmall(path: string, limit: number): void {
  const { size: length, blocks } = statSync(path);
  // allocated blocks take space as well as written bytes (stat(2): blocks of 512 bytes)
  if (Math.max(length, blocks * 512) <= limit) return;
  const older = olderLogFile(path);
  try {
    writeFileSync(`${older}.next`, readLastBytes(path, limit).bytes, { mode: 0o600 });
    renameSync(`${older}.next`, older);
  } finally {
    truncateSync(path, 0);
  }
}
