// The argv of the launch wrapper: its program, or a script where that was not compiled.
// Not here: these two (program.ts, script.ts).
import type { Toolbox } from '../../system/tools.ts';
import { programArgv } from './program.ts';
import { scriptArgv } from './script.ts';
import type { Wrapper } from './wrapper.ts';

/**
 * The argv that creates the FIFOs, starts the loader of the network policy (root only), and executes `argv`, in mounts
 * of its own; without root in a user namespace of its own too, whose root may mount. `program` is portwrap-wrapper, null
 * where it was not compiled: then a script does the same, with ten programs.
 */
export function wrapperArgv(
  tools: Toolbox,
  program: string | null,
  wrapper: Wrapper,
  argv: readonly string[],
): string[] {
  // the scope needs a program that stays in it: systemd-run takes far longer than the script
  return program === null || wrapper.keeper
    ? scriptArgv(tools, wrapper, argv)
    : programArgv(tools, program, wrapper, argv);
}
