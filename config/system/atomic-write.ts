// Replaces a file atomically. Not here: its content, and handling of failures.
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Suffix of the temporary file. A killed process can leave one behind; it has no meaning. */
export const unfinishedSuffix = '.next';

/**
 * Replaces the text of the file at `path`, with mode 0600. A reader sees either the old or the
 * new text, never a part, even after a crash of the machine. When the promise resolves, the new text is on disk. The
 * caller must prevent concurrent writes of one file.
 */
export async function writeAtomically(path: string, text: string): Promise<void> {
  const next = `${path}${unfinishedSuffix}`;
  try {
    const file = await open(next, 'w', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(next, path);
  } catch (error) {
    await rm(next, { force: true }).catch(() => {}); // report the first failure only
    throw error;
  }
  await syncDirectory(dirname(path));
}

/** Only an fsync of the directory makes the new name durable: fsync(2). */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } catch (error) {
    // the file system does not support fsync on directories
    if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error;
  } finally {
    await directory.close();
  }
}
