// Says that a launch failed because the home or the working directory of its user does not exist. It is looked for only
// after a failure: a launch of every day need not pay for it.
import { PortwrapError } from '../../config/errors.ts';
import { type Look, pathUnavailable, type SandboxSpec } from '../../portwrap/index.ts';
import type { RunAs } from './run-as.ts';

/** The error to throw instead: PATH_UNAVAILABLE where that is the reason, otherwise `error` itself. */
export async function missingDirectory(
  error: unknown,
  { workingDirectory }: Pick<SandboxSpec, 'workingDirectory'>,
  { home, account, environment }: RunAs,
  look: Look,
): Promise<unknown> {
  if (!(error instanceof PortwrapError) || error.code !== 'SANDBOX_FAILED') return error;
  const found = await look([...new Set([home, workingDirectory])]).catch(() => null);
  if (found === null) return error;
  const name = account?.name ?? environment.USER ?? '';
  const problem = (path: string) => {
    const seen = found.get(path);
    if (seen?.kind === 'missing') return 'it does not exist';
    if (seen?.kind === 'refused') return `${name} may not enter it (${seen.reason})`;
    return seen?.kind === 'file' ? 'it is not a directory' : null;
  };
  const ofHome = problem(home);
  if (ofHome !== null) {
    return new PortwrapError(
      'PATH_UNAVAILABLE',
      `the home directory ${home} of ${name} cannot be used: ${ofHome}`,
      {
        hint: `An administrator can make it: mkhomedir_helper ${name} 0077, or "accounts.create: true" for everybody.`,
        cause: error,
      },
    );
  }
  const ofDirectory = problem(workingDirectory);
  if (ofDirectory === null) return error;
  const hint = 'An administrator can make it, or correct "working_directory" of the profile.';
  return pathUnavailable(workingDirectory, ofDirectory, hint);
}
