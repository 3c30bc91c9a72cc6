// The files with a server's output: the payload writes to the first one itself, even while the service is down.
// Not here: reading (tail.ts, reader.ts), rotation (rotation.ts).
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { StateDirectory } from '../records/state-directory.ts';

export function logFileOf(state: Pick<StateDirectory, 'logs'>, id: string): string {
  return join(state.logs, `${id}.log`);
}

/** The older part of a log, moved aside when the log had grown too large. */
export function olderLogFile(logFile: string): string {
  return `${logFile}.1`;
}

export async function removeLog(logFile: string): Promise<void> {
  const older = olderLogFile(logFile);
  for (const path of [logFile, older, `${older}.next`]) await rm(path, { force: true });
}
