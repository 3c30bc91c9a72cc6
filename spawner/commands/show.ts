// `portwrap-spawner show SERVER`: prints everything that is known about a server.
import { connectAdmin, serverNamed } from './admin.ts';
import type { Command } from './arguments.ts';
import { printable, textTable } from './table.ts';

export const run: Command = async (input) => {
  const name = serverNamed(input.operand, input.options.hub);
  const server = await connectAdmin(input).client.show(name);
  if (input.options.json) {
    input.print(`${JSON.stringify(server, null, 2)}\n`);
    return 0;
  }
  const { error, ...fields } = server;
  const rows = Object.entries(fields).map(([key, value]) => [key, shown(value)]);
  const failure = error === null ? [] : [['error', `${error.code}: ${error.message}`]];
  input.print(textTable(['KEY', 'VALUE'], [...rows, ...failure]));
  for (const line of error?.log ?? []) input.print(`  ${printable(line)}\n`);
  return 0;
};

function shown(value: unknown): string {
  if (value === null) return '-';
  if (typeof value !== 'object') return String(value);
  return Object.entries(value)
    .map(([key, inner]) => `${key}=${inner ?? '-'}`)
    .join(' ');
}
