// Asks a person before something is done that cannot be taken back. Not here: what is done.
import { createInterface } from 'node:readline/promises';
import { type ErrorCode, PortwrapError } from '../../config/errors.ts';

/** False: the person said no. Throws `code` where nobody can be asked. */
export async function confirm(
  question: string,
  print: (text: string) => void,
  refusal: { readonly code: ErrorCode; readonly message: string; readonly hint: string },
): Promise<boolean> {
  if (!process.stdin.isTTY) throw new PortwrapError(refusal.code, refusal.message, { hint: refusal.hint });
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question(`${question} [y/N] `);
  terminal.close();
  const isYes = /^\s*y(?:es)?\s*$/i.test(answer);
  if (!isYes) print('Nothing was changed.\n');
  return isYes;
}
