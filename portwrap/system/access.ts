// The permissions of this process on a path, by access(2); none on a path that does not exist.
// Not here: permissions of other accounts.
import { accessSync, constants } from 'node:fs';

export function isWritable(path: string): boolean {
  return permits(path, constants.W_OK);
}

export function isExecutable(path: string): boolean {
  return permits(path, constants.X_OK);
}

function permits(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}
