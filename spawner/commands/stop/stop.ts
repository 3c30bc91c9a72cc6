// `portwrap-spawner stop SERVER`: stops it and waits until it is gone; with --all every server, or those that --profile
// and --idle-for select, after showing which. Not here: the selection (selection.ts).
import { PortwrapError } from '../../../config/errors.ts';
import type { ServerName } from '../../http/client.ts';
import type { ServerView } from '../../http/view.ts';
import { serverLabel } from '../../records/record.ts';
import { connectAdmin, serverNamed } from '../admin.ts';
import type { Command, CommandInput, Options } from '../arguments.ts';
import { confirm } from '../confirm.ts';
import { serversTable } from '../ls.ts';
import { printable } from '../table.ts';
import { type Selection, select } from './selection.ts';

export const run: Command = async (input) => {
  const { options, operand, print } = input;
  checkUsage(operand, options);
  const { client } = connectAdmin(input);
  if (!options.all) {
    const name = serverNamed(operand, options.hub);
    await client.show(name); // a name with a mistake in it must not look like a success
    return stopAll(input, client.stop, [name]);
  }
  const { hub, profile, 'idle-for': idleFor } = options;
  const selection = select(await client.servers(), { hub, profile, idleFor }, Date.now());
  const { chosen } = selection;
  if (!options.json) print(planText(selection));
  if (options['dry-run']) {
    if (options.json) print(`${JSON.stringify({ would_stop: chosen.map(serverLabel) })}\n`);
    return 0;
  }
  if (chosen.length > 0 && !options.yes && !(await confirm('Stop them?', print, unasked))) return 0;
  // only the start that was shown: its user may have started another one meanwhile
  return stopAll(
    input,
    client.stop,
    chosen.map((server) => ({ ...server, spawnId: server.spawn_id })),
  );
};

function checkUsage(operand: string | undefined, options: Options): void {
  if (options.all === (operand !== undefined))
    throw new PortwrapError('USAGE', 'give either a SERVER or --all');
  const ofAll = ['profile', 'idle-for', 'yes', 'dry-run'] as const;
  const [given] = ofAll.filter((name) => options[name] !== undefined && options[name] !== false);
  if (!options.all && given !== undefined)
    throw new PortwrapError('USAGE', `--${given} belongs to stop --all`);
}

const unasked = {
  code: 'USAGE',
  message: 'stop --all asks before it stops servers, and there is no terminal',
  hint: 'Give --yes, or --dry-run to see which ones.',
} as const;

async function stopAll(
  { options, print }: CommandInput,
  stop: (server: ServerName, now?: boolean) => Promise<void>,
  targets: readonly ServerName[],
): Promise<number> {
  const outcomes = await Promise.allSettled(targets.map((target) => stop(target, options.now)));
  const labels = targets.filter((_, index) => outcomes[index]?.status === 'fulfilled').map(serverLabel);
  const [failed] = outcomes.filter((outcome) => outcome.status === 'rejected');
  if (!options.json) print(labels.map(said).join(''));
  if (failed !== undefined) throw failed.reason as PortwrapError;
  if (options.json) print(`${JSON.stringify({ stopped: labels })}\n`);
  return 0;
}

function planText({ chosen, unknown }: Selection): string {
  const left = unknown.length === 0 ? '' : `Left, because their activity is unknown: ${names(unknown)}\n`;
  if (chosen.length === 0) return `No server is to be stopped.\n${left}`;
  return `${serversTable(chosen, Date.now())}${left}`;
}

function names(servers: readonly ServerView[]): string {
  return servers.map((server) => printable(serverLabel(server))).join(', ');
}

function said(label: string): string {
  return `stopped ${printable(label)}\n`;
}
