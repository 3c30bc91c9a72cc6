// Finds secrets in places where none may be: files below a directory, arguments and environments of processes.
import { readdirSync, readFileSync } from 'node:fs';
import { entriesBelow, pathOf } from './tree.ts';

/** A line out of a private key's middle, which is the same in JSON. */
export function lineOfKey(pem: string): string {
  const line = pem.split('\n')[1];
  if (line === undefined || line.length < 32) throw new Error('that is no private key');
  return line;
}

export function filesThatHold(directory: string, secret: string): string[] {
  return entriesBelow(directory)
    .filter((entry) => entry.isFile())
    .map(pathOf)
    .filter((path) => holds(path, secret));
}

/** A file that has gone since it was listed, such as a journal of SQLite, holds nothing. */
function holds(path: string, secret: string): boolean {
  try {
    return readFileSync(path).includes(secret);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** Pids; not this process's own. */
export function processesThatTell(secret: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return false;
    try {
      return ['cmdline', 'environ'].some((name) => readFileSync(`/proc/${pid}/${name}`).includes(secret));
    } catch {
      return false; // it ended during the check
    }
  });
}
