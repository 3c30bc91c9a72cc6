// `portwrap-spawner show SERVER`: prints everything that is known about a server, and the ports that are open inside.
import type { PortView } from '../open-ports/port-view.ts';
import { connectAdmin, serverNamed } from './admin.ts';
import type { Command } from './arguments.ts';
import { printable, textTable } from './table.ts';

export const run: Command = async (input) => {
  const name = serverNamed(input.operand, input.options.hub);
  const { client } = connectAdmin(input);
  const server = await client.show(name);
  const ports = await client.ports(name);
  if (input.options.json) {
    input.print(`${JSON.stringify({ ...server, ports }, null, 2)}\n`);
    return 0;
  }
  const { error, ...fields } = server;
  const rows = Object.entries(fields).map(([key, value]) => [key, shown(value)]);
  const failure = error === null ? [] : [['error', `${error.code}: ${error.message}`]];
  input.print(textTable(['KEY', 'VALUE'], [...rows, ...failure]));
  for (const line of error?.log ?? []) input.print(`  ${printable(line)}\n`);
  if (ports.length > 0) input.print(`\n${portsTable(ports)}`);
  return 0;
};

/** As people read it. */
export function portsTable(ports: readonly PortView[]): string {
  const rows = ports.map(({ port, kind, programs, since, title, path, url }) => [
    ...[String(port), kind, programs.join(',') || '-', since ?? '-', title ?? '-', url ?? path ?? '-'],
  ]);
  return textTable(['OPEN INSIDE', 'KIND', 'PROGRAM', 'SINCE', 'TITLE', 'OPENED AT'], rows);
}

function shown(value: unknown): string {
  if (value === null) return '-';
  if (typeof value !== 'object') return String(value);
  return Object.entries(value)
    .map(([key, inner]) => `${key}=${inner ?? '-'}`)
    .join(' ');
}
