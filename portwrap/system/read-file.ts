// Reads a small file that may be missing or unreadable, such as those of a process below /proc.
// Not here: files that must be readable; their readers pass the failure on.
import { readFileSync } from 'node:fs';

/** The text of the file, or null when it cannot be read for any reason. */
export function readFileOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
