// The programs in C that the build compiles (scripts/native.mjs): where the one for this processor is.
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from './package.ts';

/** The kernel's name of a processor, by Node's. */
const architectures: Readonly<Partial<Record<string, string>>> = { x64: 'x86_64', arm64: 'aarch64' };

/** The path of the program `name`, whether it is there or not. */
export function nativeProgramPath(name: string): string {
  return join(packageRoot(), 'dist/native', `${name}-${architectures[process.arch] ?? process.arch}`);
}

/** The same; null where it was not compiled. */
export function nativeProgram(name: string): string | null {
  const path = nativeProgramPath(name);
  try {
    accessSync(path, constants.X_OK);
    return path;
  } catch {
    return null;
  }
}
