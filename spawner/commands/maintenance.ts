// `portwrap-spawner maintenance on|off|status`: no new servers, with the reason that users read. Not here: what it does
// (spawner/maintenance/).
import { PortwrapError } from '../../config/errors.ts';
import type { MaintenanceView } from '../maintenance/maintenance.ts';
import { connectAdmin } from './admin.ts';
import type { Command, Options } from './arguments.ts';
import { printable } from './table.ts';

export const run: Command = async (input) => {
  const { operand, options, print } = input;
  checkUsage(operand, options);
  const { client } = connectAdmin(input);
  if (operand === 'off') await client.endMaintenance();
  if (operand === 'on') {
    await client.beginMaintenance({
      message: options.message ?? '',
      starts_at: isoOf(options.at),
      stop_servers_at: isoOf(options['stop-servers-at']),
    });
  }
  const view = await client.maintenance();
  print(options.json ? `${JSON.stringify(view)}\n` : sentences(view));
  return 0;
};

function checkUsage(operand: string | undefined, options: Options): void {
  if (operand !== 'on' && operand !== 'off' && operand !== 'status')
    throw new PortwrapError('USAGE', 'give on, off or status');
  const { message, at, 'stop-servers-at': end } = options;
  if (operand === 'on' && (message === undefined || message.trim() === ''))
    throw new PortwrapError('USAGE', 'maintenance on needs --message TEXT, which users read');
  if (operand !== 'on' && [message, at, end].some((value) => value !== undefined))
    throw new PortwrapError('USAGE', '--message, --at and --stop-servers-at belong to maintenance on');
}

function isoOf(milliseconds: number | undefined): string | null {
  return milliseconds === undefined ? null : new Date(milliseconds).toISOString();
}

function sentences({ state, message, starts_at, stop_servers_at }: MaintenanceView): string {
  if (state === 'off') return 'No maintenance: servers are started.\n';
  const begins =
    state === 'on'
      ? 'Maintenance: no servers are started.'
      : `Maintenance is planned: no servers are started from ${local(starts_at)} on.`;
  const ends =
    stop_servers_at === null
      ? 'Servers that run go on.'
      : Date.parse(stop_servers_at) <= Date.now()
        ? `Servers were asked to end at ${local(stop_servers_at)}.`
        : `Servers are asked to end at ${local(stop_servers_at)}.`;
  return `${begins}\n${ends}\nUsers read: ${printable(message ?? '')}\n`;
}

/** In this machine's zone. */
function local(time: string | null): string {
  return time === null ? 'now' : new Date(time).toLocaleString('sv-SE', { timeZoneName: 'short' });
}
