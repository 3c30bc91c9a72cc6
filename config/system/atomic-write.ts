// Replacing a file as a whole. Not here: what is written, and what is done when it fails.
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Of the file that is written first; one that is left over is of a process that was killed, and means nothing. */
export const unfinishedSuffix = '.next';

/**
 * Replaces the text of the file at `path`, with mode 0600. A reader, also after a crash of the machine, finds the old
 * text or the new one, never a part; when it resolves, the new one is on the disk. Two writes of one file at a time
 * are the caller's to prevent.
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
    await rm(next, { force: true }).catch(() => {}); // the first failure is the one to tell
    throw error;
  }
  await syncDirectory(dirname(path));
}

/** The new name is on the disk only when its directory is: fsync(2). */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } catch (error) {
    // a file system that cannot do that for directories says so in this way
    if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error;
  } finally {
    await directory.close();
  }
}
