// The files of preload: portwrap-init, process 1 of a sandbox whose server may be forked, and the fork server in Python.
// Not here: their sources (native/init/, preload/), compiling (scripts/native.mjs).
import { join } from 'node:path';
import { nativeProgram } from '../../config/system/native-program.ts';
import { packageRoot } from '../../config/system/package.ts';

/** Null where it was not compiled. */
export function findInitProgram(): string | null {
  return nativeProgram('portwrap-init');
}

export function forkServerProgram(): string {
  return join(packageRoot(), 'preload/portwrap_preload/__main__.py');
}
