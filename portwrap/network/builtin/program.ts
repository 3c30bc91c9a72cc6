// portwrap-forward, the program of the forwarder `builtin`: where it is, and what to do if it is not there.
// Not here: its source (native/forward/), compiling it (scripts/native.mjs), starting it (builtin.ts).
import { join } from 'node:path';
import { PortwrapError } from '../../../config/errors.ts';
import { packageRoot } from '../../../config/system/package.ts';
import { isExecutable } from '../../system/access.ts';

/** The kernel's name of a processor, by Node's. */
const architectures: Readonly<Partial<Record<string, string>>> = { x64: 'x86_64', arm64: 'aarch64' };

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
  const architecture = architectures[process.arch] ?? process.arch;
  return join(packageRoot(), 'dist/native', `portwrap-forward-${architecture}`);
}
