// `portwrap-spawner logs SERVER`: its last lines, and with -f what it writes until it ends.
import { PortwrapError } from '../../config/errors.ts';
import { connectAdmin, serverNamed } from './admin.ts';
import { type Command, oneOperand } from './arguments.ts';

export const run: Command = async (input) => {
  const { hub, follow, tail: written } = input.options;
  const name = serverNamed(oneOperand(input, 'a SERVER'), hub);
  const tail = /^\d{1,5}$/.test(written) ? Number(written) : Number.NaN;
  if (!(tail <= 10_000)) throw new PortwrapError('USAGE', '--tail must be a number of lines, 0 to 10000');
  const decoder = new TextDecoder();
  for await (const chunk of connectAdmin(input).client.log(name, { tail, follow })) {
    input.print(withoutControl(decoder.decode(chunk, { stream: true })));
  }
  return 0;
};

/** A server's output must not command the administrator's terminal; tabs and lines stay. */
function withoutControl(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]/gu, '?');
}
