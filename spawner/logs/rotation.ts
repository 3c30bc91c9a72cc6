// Keeps every server's log small: one that has grown past the limit is copied aside and emptied. The payload
// writes to the file itself with O_APPEND, so it goes on at the new beginning; what it writes between copy and
// emptying is lost. Not here: reading (reader.ts).
import { readdirSync, renameSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from '../../config/logger.ts';
import type { StateDirectory } from '../records/state-directory.ts';
import { olderLogFile } from './files.ts';
import { readLastBytes } from './last-bytes.ts';

export interface LogRotation {
  close(): void;
}

/** Milliseconds between two looks. A look at a size costs microseconds; an event for every write would let a
 * payload that writes without end keep the service busy. */
const defaultPace = 2_000;

export function startLogRotation(
  state: Pick<StateDirectory, 'logs'>,
  limit: () => number,
  log: Logger,
  pace = defaultPace,
): LogRotation {
  /** Those that could not be kept small at the last look, by name, and "" for the directory: told once each. */
  let failing: ReadonlySet<string> = new Set();
  const look = () => {
    const failed = new Set<string>();
    const attempt = (name: string, work: () => void) => {
      try {
        work();
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        if (code === 'ENOENT' && name !== '') return; // its server was forgotten meanwhile
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
 * Moves the last `limit` bytes aside when there are more. Emptied even if there is no room for a copy. Not written as
 * config/system/atomic-write.ts does: what the payload writes while the disk is waited for would be lost.
 */
export function keepSmall(path: string, limit: number): void {
  const { size: length, blocks } = statSync(path);
  // what a payload has allocated takes room as well as what it has written (stat(2): blocks of 512 bytes)
  if (Math.max(length, blocks * 512) <= limit) return;
  const older = olderLogFile(path);
  try {
    writeFileSync(`${older}.next`, readLastBytes(path, limit).bytes, { mode: 0o600 });
    renameSync(`${older}.next`, older);
  } finally {
    truncateSync(path, 0);
  }
}
