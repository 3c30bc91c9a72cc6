// Making a directory and those above it that are missing. mkdir's own `recursive` never ends below a directory that is
// there and lets nothing be made in it by answering ENOENT (an empty mount point of sysfs, /proc); this does.
// Not here: what is put there.
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** Throws what the system says. A directory that is there already is left as it is. */
export function makeDirectory(path: string, mode: number): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const parent = dirname(path);
    if (code === 'ENOENT' && parent !== path && !existsSync(parent)) {
      makeDirectory(parent, mode);
      mkdirSync(path, { mode });
    } else if (!isDirectory(path)) throw error; // EEXIST, but also EROFS of one that is there
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
