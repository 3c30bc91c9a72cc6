// What is below a directory, also while it changes: what goes during the look is left out, and nothing else is.
import { type Dirent, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Each entry, before those below it. Its path is its `parentPath` and its `name`. */
export function entriesBelow(directory: string): Dirent[] {
  return entriesOf(directory).flatMap((entry) => [
    entry,
    ...(entry.isDirectory() ? entriesBelow(pathOf(entry)) : []),
  ]);
}

export const pathOf = (entry: Dirent): string => join(entry.parentPath, entry.name);

export function kindOf(entry: Dirent): string {
  if (entry.isDirectory()) return 'directory';
  if (entry.isFIFO()) return 'fifo';
  if (entry.isSocket()) return 'socket';
  return entry.isSymbolicLink() ? 'link' : 'file';
}

/** None if it is not there (any more). The files of a control group that goes are ENODEV for a moment. */
function entriesOf(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch (error) {
    if (['ENOENT', 'ENODEV'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}
