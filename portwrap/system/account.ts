// The account that a sandbox runs as when the launcher is root: finding it, checking it, switching to it.
// Not here: mapping a hub's user name to an account (spawner/launchers/accounts.ts).
import { userInfo } from 'node:os';
import { PortwrapError } from '../../config/errors.ts';
import { runTool } from './child.ts';
import type { Toolbox } from './tools.ts';

export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  readonly shell: string;
  /** True: the name is in the user database, so its supplementary groups apply. */
  readonly listed: boolean;
}

/** The account of this process. */
export function ownAccount(): Account {
  const { username, uid, gid, homedir, shell } = userInfo();
  return { name: username, uid, gid, home: homedir, shell: shell ?? '/bin/sh', listed: true };
}

/** The account of that name or uid in the user database (getent(1)), or null if none exists. */
export async function findAccount(tools: Toolbox, name: string): Promise<Account | null> {
  const run = await runTool(tools('getent'), ['passwd', '--', name]);
  if (run.code === 2) return null;
  if (run.code !== 0) throw new PortwrapError('INTERNAL', `getent passwd failed: ${run.output}`);
  return parsePasswd(run.output);
}

/** One line of passwd(5). */
export function parsePasswd(line: string): Account {
  const [name = '', , uid = '', gid = '', , home = '', shell = ''] = line.split(':');
  // an empty field read as a number would be 0, which is root
  if (!/^\d+$/.test(uid) || !/^\d+$/.test(gid)) {
    throw new PortwrapError('INTERNAL', `getent passwd answered "${line}"`);
  }
  return {
    name,
    uid: Number(uid),
    gid: Number(gid),
    home: home || '/',
    shell: shell || '/bin/sh',
    listed: true,
  };
}

/** The variables that login(1) sets. */
export function loginEnvironment(account: Account): Record<string, string> {
  return { HOME: account.home, USER: account.name, LOGNAME: account.name, SHELL: account.shell };
}

/**
 * The setpriv command that switches to a uid and gid without groups or capabilities, and with no way to gain any.
 * `kept` is the only capability to keep, by setpriv's name for it.
 */
export function becomeBareArgv(setpriv: string, uid: number, gid: number, kept: string | null): string[] {
  const capabilities = kept === null ? '-all' : `-all,+${kept}`;
  return [
    ...[setpriv, `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--no-new-privs'],
    ...['--inh-caps', '--ambient-caps', '--bounding-set'].map((set) => `${set}=${capabilities}`),
    '--',
  ];
}

/** The setpriv command that switches to `account` permanently: all ids, its groups, no capabilities. */
export function becomeArgv(setpriv: string, account: Account): string[] {
  return [
    setpriv,
    `--reuid=${account.uid}`,
    `--regid=${account.gid}`,
    account.listed ? '--init-groups' : '--clear-groups',
    '--inh-caps=-all',
    '--',
  ];
}
