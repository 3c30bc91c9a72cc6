// portwrap-forward, the program of the forwarder `builtin`: where it is, and what to do if it is not there.
// Not here: its source (native/forward/), compiling it (scripts/native.mjs), starting it (builtin.ts).
import { PortwrapError } from '../../../config/errors.ts';
import { nativeProgramPath } from '../../../config/system/native-program.ts';
import { packageRoot } from '../../../config/system/package.ts';
import { isExecutable } from '../../system/access.ts';

export function isForwardProgramThere(): boolean {
  return isExecutable(forwardProgramPath());
}

/** Its path. Throws TOOL_MISSING with the command that builds it. */
export function findForwardProgram(): string {
  const path = forwardProgramPath();
  if (isExecutable(path)) return path;
  const fix = `cd ${packageRoot()} && node scripts/native.mjs`;
  throw new PortwrapError('TOOL_MISSING', `the program of the forwarder builtin is not there: ${path}`, {
    ...{ hint: `Build it, with a C compiler: ${fix}`, fix },
  });
}

function forwardProgramPath(): string {
  return nativeProgramPath('portwrap-forward');
}
