// `portwrap enter` and `portwrap connect`: finds the sandbox of the caller, and enters it.
// Not here: the command line (portwrap/cli/enter.ts).
import { enterSandbox } from './enter.ts';
import { findSandbox } from './find.ts';
import type { Purpose } from './program.ts';

/** Resolves with the exit code of the command; of a connection 0. Throws as findSandbox and enterSandbox. */
export async function runEnter(
  { server, purpose }: { readonly server: string | undefined; readonly purpose: Purpose },
  caller: { readonly uid: number; readonly term: string | undefined },
): Promise<number> {
  const { target, close } = await findSandbox(caller.uid, server);
  try {
    return await enterSandbox(target, purpose, caller);
  } finally {
    close();
  }
}
