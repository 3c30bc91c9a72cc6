// `portwrap-spawner logs SERVER`: its last lines, and with -f what it writes until it ends.
import { connectAdmin, serverNamed } from './admin.ts';
import type { Command } from './arguments.ts';

export const run: Command = async (input) => {
  const { hub, follow, tail } = input.options;
  const name = serverNamed(input.operand, hub);
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
