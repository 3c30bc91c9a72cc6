// What a process has open. Not here: which processes there are (census.ts).
import { readdirSync, readlinkSync } from 'node:fs';

/**
 * The targets of its descriptors, such as "/a/file" or "socket:[123]"; of one that has ended, or is another user's,
 * none. A descriptor that is closed while they are read is omitted: the others count.
 */
export function openFilesOf(pid: number | string): string[] {
  return entries(`/proc/${pid}/fd`).flatMap((descriptor) => targetOf(`/proc/${pid}/fd/${descriptor}`));
}

/** Where the link leads; nothing if it is gone, or another user's. */
export function targetOf(link: string): string[] {
  try {
    return [readlinkSync(link)];
  } catch {
    return [];
  }
}

function entries(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
