// `portwrap-spawner stop SERVER`: stops it and waits until it is gone; with --all every server.
import { PortwrapError } from '../../config/errors.ts';
import type { ServerName } from '../http/client.ts';
import { serverLabel } from '../records/record.ts';
import { connectAdmin, serverNamed } from './admin.ts';
import type { Command } from './arguments.ts';
import { printable } from './table.ts';

export const run: Command = async (input) => {
  const { all, hub, now, json } = input.options;
  if (all === (input.operand !== undefined))
    throw new PortwrapError('USAGE', 'give either a SERVER or --all');
  const { client } = connectAdmin(input);
  const named = async (): Promise<ServerName[]> => {
    const name = serverNamed(input.operand, hub);
    await client.show(name); // a name with a mistake in it must not look like a success
    return [name];
  };
  const everyone = async (): Promise<ServerName[]> => {
    const servers = await client.servers();
    return servers.filter((server) => hub === undefined || server.hub === hub);
  };
  const targets = await (all ? everyone() : named());
  const outcomes = await Promise.allSettled(targets.map((target) => client.stop(target, now)));
  const failed = outcomes.filter((outcome) => outcome.status === 'rejected');
  if (failed[0] !== undefined) throw failed[0].reason as PortwrapError;
  const labels = targets.map(serverLabel);
  input.print(json ? `${JSON.stringify({ stopped: labels })}\n` : labels.map(said).join(''));
  return 0;
};

function said(label: string): string {
  return `stopped ${printable(label)}\n`;
}
