// What this process may do with a path, as access(2) says. A path that is not there may not be used.
// Not here: what another account may do.
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
