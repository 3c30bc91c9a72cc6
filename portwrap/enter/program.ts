// portwrap-enter, the program that enters a sandbox: where it is, and its argv, as a pure function.
// Not here: its source (native/enter/), compiling it (scripts/native.mjs), starting it (enter.ts).
import { PortwrapError } from '../../config/errors.ts';
import { nativeProgramPath } from '../../config/system/native-program.ts';
import { packageRoot } from '../../config/system/package.ts';
import { isExecutable } from '../system/access.ts';
import type { ProcessIdentity, ProcessIds } from '../system/process.ts';

/** What is done in the sandbox. */
export type Purpose =
  /** Runs a command; an empty one is the user's shell. */
  | { readonly kind: 'command'; readonly command: readonly string[] }
  /** Relays standard input and output to a port. */
  | { readonly kind: 'connect'; readonly port: number };

/** Its path. Throws TOOL_MISSING with the command that builds it. */
export function findEnterProgram(): string {
  const path = nativeProgramPath('portwrap-enter');
  if (isExecutable(path)) return path;
  const fix = `cd ${packageRoot()} && node scripts/native.mjs`;
  throw new PortwrapError('TOOL_MISSING', `the program that enters sandboxes is not there: ${path}`, {
    ...{ hint: `Build it, with a C compiler: ${fix}`, fix },
  });
}

/**
 * `child` is process 1 of the sandbox, `ids` what a caller who is root takes first, `term` the caller's TERM.
 */
export function enterArgv(
  child: ProcessIdentity,
  purpose: Purpose,
  ids: ProcessIds | null,
  term: string | undefined,
): string[] {
  return [
    ...[`--pid=${child.pid}`, `--start-time=${child.startTime}`],
    ...(ids === null ? [] : [`--account=${[ids.uid, ids.gid, ids.groups.join(',')].join(':')}`]),
    ...(purpose.kind === 'connect'
      ? [`--connect=${purpose.port}`]
      : [...(isTerm(term) ? [`--term=${term}`] : []), '--', ...purpose.command]),
  ];
}

/** The name of a kind of terminal, term(7): it comes from the caller, and goes into the sandbox. */
function isTerm(term: string | undefined): term is string {
  return term !== undefined && /^[\w.+-]{1,64}$/.test(term);
}
