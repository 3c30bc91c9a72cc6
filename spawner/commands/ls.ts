// `portwrap-spawner ls`: lists servers.
import type { ServerView } from '../http/view.ts';
import { keyText, serverLabel } from '../records/record.ts';
import { connectAdmin } from './admin.ts';
import type { Command } from './arguments.ts';
import { textTable } from './table.ts';

export const run: Command = async (input) => {
  const { client } = connectAdmin(input);
  const { hub } = input.options;
  const servers = (await client.servers()).filter((server) => hub === undefined || server.hub === hub);
  servers.sort((a, b) => (keyText(a) < keyText(b) ? -1 : 1));
  if (input.options.json) input.print(`${JSON.stringify(servers, null, 2)}\n`);
  else input.print(serversTable(servers, Date.now()));
  return 0;
};

const head = ['HUB', 'SERVER', 'STATE', 'PROFILE', 'PORT', 'PID', 'AGE', 'ACTIVE', 'DOING'];

/** As people read it; `now` in milliseconds since the epoch. */
export function serversTable(servers: readonly ServerView[], now: number): string {
  const rows = servers.map((server) => [
    server.hub,
    serverLabel(server),
    server.state,
    server.profile,
    `${server.port ?? '-'}`,
    `${server.pid ?? '-'}`,
    since(server.started, now),
    server.last_activity === null ? '-' : `${since(server.last_activity, now)} ago`,
    doing(server),
  ]);
  return textTable(head, rows);
}

/** What an administrator who is about to stop servers wants to know. */
function doing({ activity, cull_at }: ServerView): string {
  const { busy = 0, kernels = 0, terminals = 0 } = activity ?? {};
  const parts = [
    ...(cull_at === null ? [] : ['ends soon']),
    ...(busy > 0 ? [`busy: ${busy}`] : []),
    ...(kernels > 0 ? [`kernels: ${kernels}`] : []),
    ...(terminals > 0 ? [`terminals: ${terminals}`] : []),
  ];
  return parts.length === 0 ? '-' : parts.join(', ');
}

function since(time: string, now: number): string {
  const seconds = Math.max(0, Math.round((now - Date.parse(time)) / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)}m`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)}h` : `${Math.round(seconds / 86_400)}d`;
}
