// The files that hold a server's output: the payload writes to the first one itself, also while no service runs.
// Not here: reading (tail.ts, reader.ts), keeping them small (rotation.ts).
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { StateDirectory } from '../records/state-directory.ts';

export function logFileOf(state: Pick<StateDirectory, 'logs'>, id: string): string {
  return join(state.logs, `${id}.log`);
}

/** What was moved aside when the log had grown too large. */
export function olderLogFile(logFile: string): string {
  return `${logFile}.1`;
}

export async function removeLog(logFile: string): Promise<void> {
  const older = olderLogFile(logFile);
  for (const path of [logFile, older, `${older}.next`]) await rm(path, { force: true });
}
