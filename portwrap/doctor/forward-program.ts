// Checks that portwrap-forward, the program of the forwarder `builtin`, is built and runs on this machine.
// Not here: a launch with it (network.ts), building it (scripts/native.mjs).
import { findForwardProgram } from '../network/builtin/program.ts';
import { runTool, type ToolRun } from '../system/child.ts';
import { type Check, type DoctorContext, failed, fixOf, ok, warning } from './check.ts';

const name = 'portwrap-forward';

export async function checkForwardProgram({ choice }: DoctorContext): Promise<Check[]> {
  if (choice.forwarder !== null && choice.forwarder !== 'builtin') return [];
  const isChosen = choice.forwarder === 'builtin';
  try {
    return [evaluateForwardProgram(await runTool(findForwardProgram(), ['--help']), isChosen)];
  } catch (error) {
    return [missing('is not built', fixOf(error), isChosen)];
  }
}

/** `isChosen`: the configuration names `builtin`; otherwise another forwarder takes its place. */
export function evaluateForwardProgram(help: ToolRun, isChosen: boolean): Check {
  if (help.code === 0 && help.output.includes('--sandbox')) return ok(name, 'runs: the forwarder is builtin');
  return missing(
    `does not run: ${help.output.split('\n')[0] || `exit code ${help.code}`}`,
    'Build it on this machine: node scripts/native.mjs',
    isChosen,
  );
}

function missing(what: string, fix: string, isChosen: boolean): Check {
  return isChosen
    ? failed(name, what, 'The configuration asks for the forwarder builtin: no server can be started.', fix)
    : warning(
        name,
        what,
        "The uplink's own forward is used: bursts of connections wait for seconds, and with slirp4netns a server must listen on 0.0.0.0.",
        fix,
      );
}
