// The machine's spawner service over its unix socket, with the hub's token, and its unit.
// Not here: the hub (hub.ts).
import { type Machine, until } from './machine.ts';

export interface ServerView {
  readonly user: string;
  readonly spawn_id: string;
  readonly state: string;
  readonly ready: boolean;
  readonly pid: number | null;
  readonly port: number | null;
  readonly usage: { memory: number | null; processes: number | null; out_of_memory_kills: number } | null;
  readonly exit: { code: number | null; signal: string | null; out_of_memory: boolean } | null;
  readonly error: { code: string; message: string } | null;
}

const curl =
  'curl -s -m 100 --unix-socket /run/portwrap-api/api.sock -H "Authorization: token $(cat /etc/portwrap-spawner/hub.token)"';

/** Every server that the service knows. */
export async function servers(machine: Machine): Promise<ServerView[]> {
  return JSON.parse(await machine.output(`${curl} http://localhost/api/servers`)) as ServerView[];
}

/** What the service says of a user's default server. */
export async function serverOf(machine: Machine, user: string): Promise<ServerView> {
  const found = (await servers(machine)).find((server) => server.user === user);
  if (found === undefined) throw new Error(`the service knows no server of ${user}`);
  return found;
}

/** Asks for a start or a stop, past the hub; the status of the answer. */
export function ask(machine: Machine, method: 'POST' | 'DELETE', user: string, body = {}): Promise<string> {
  const words = `-o /dev/null -w '%{http_code}' -X ${method} -H 'Content-Type: application/json' --data-binary @-`;
  return machine.output(`${curl} ${words} http://localhost/api/users/${user}/server`, {
    input: JSON.stringify(body),
  });
}

/** Waits until the service says that it knows its servers. */
export async function serviceAnswers(machine: Machine): Promise<void> {
  await until('the service is healthy', async () =>
    (await machine.run(`${curl} -f http://localhost/api/health`, { seconds: 120 })).output.includes('"ok"'),
  );
}

export function mainPid(machine: Machine, unit: string): Promise<string> {
  return machine.output(`systemctl show -P MainPID ${unit}`);
}

/** Waits until a unit that had that main process has another one. */
export async function runsAgain(machine: Machine, unit: string, old: string): Promise<void> {
  await until(`${unit} runs again`, async () => !['0', old].includes(await mainPid(machine, unit)));
}

/** The control group of a process of the machine. */
export async function groupOf(machine: Machine, pid: number | null): Promise<string> {
  if (pid === null) throw new Error('the server has no process');
  return (await machine.output(`cat /proc/${pid}/cgroup`)).replace(/^.*0::/s, '');
}

/** The pids of fork servers that are ready: then they are in the group of the servers. */
export async function forkServers(machine: Machine): Promise<string[]> {
  const { output } = await machine.run("pgrep -u nobody -f '^/usr/bin/python3 .*portwrap_preload' | sort");
  const pids = output.split('\n').filter(Boolean);
  const groups = await Promise.all(pids.map((pid) => groupOf(machine, Number(pid))));
  return pids.filter((_, index) => groups[index]?.startsWith('/portwrap.slice/'));
}
