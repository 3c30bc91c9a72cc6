// Reading a small file that may not be there, or not be ours to read, such as those of a process below /proc.
// Not here: files that must be readable; their readers let the failure through.
import { readFileSync } from 'node:fs';

/** Its text, or null when it cannot be read, whatever the reason. */
export function readFileOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
