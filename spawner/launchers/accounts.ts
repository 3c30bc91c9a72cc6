// How a user of a hub becomes an account of this machine, with a home directory.
// Not here: becoming it (portwrap/system/account.ts), making homes (homes.ts).
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { PortwrapError } from '../../config/errors.ts';
import type { Config } from '../../config/load.ts';
import type { Toolbox } from '../../portwrap/index.ts';
import { type Account, findAccount, loginEnvironment, type SyntheticFile } from '../../portwrap/index.ts';
import { createHomes, type Homes } from './homes.ts';

export interface RunAs {
  /** Who the server runs as; null: the service's own account. */
  readonly account: Account | null;
  readonly home: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Makes the account known inside the sandbox when the user database does not list it. */
  readonly files: readonly SyntheticFile[];
}

export interface Accounts {
  /** Throws USER_REFUSED with the reason. */
  resolve(user: string): Promise<RunAs>;
}

export function createAccounts(config: Config['accounts'], tools: Toolbox, own: Account): Accounts {
  const needsRoot = config.mode === 'dynamic';
  if (needsRoot && own.uid !== 0) {
    throw new PortwrapError(
      'CONFIG_INVALID',
      `accounts.mode "${config.mode}" needs the service to run as root`,
    );
  }
  if (config.mode === 'service' && own.uid === 0) {
    throw new PortwrapError(
      'CONFIG_INVALID',
      'accounts.mode "service" is refused for root: servers would be root',
    );
  }
  const homes = createHomes(tools);
  const resolvers = {
    system: (user: string) => systemRunAs(user, config.min_uid, tools, own),
    dynamic: (user: string) => dynamicRunAs(user, config, homes),
    service: (user: string) => serviceRunAs(user, config.home, own, homes),
  };
  return { resolve: resolvers[config.mode] };
}

async function systemRunAs(user: string, minUid: number, tools: Toolbox, own: Account): Promise<RunAs> {
  const account = await findAccount(tools, user);
  // getent also takes a uid for a name, and a user called "1000" is not account 1000
  if (account === null || account.name !== user)
    throw refused(user, 'there is no account of that name on this machine');
  if (account.uid === 0 || account.uid < minUid) {
    throw refused(user, `its uid ${account.uid} is below accounts.min_uid (${minUid})`);
  }
  if (own.uid !== 0 && account.uid !== own.uid) {
    throw refused(user, 'the service is not root, so it can run servers for its own account only');
  }
  return {
    account: own.uid === 0 ? account : null,
    home: account.home,
    environment: loginEnvironment(account),
    files: [],
  };
}

async function serviceRunAs(user: string, template: string, own: Account, homes: Homes): Promise<RunAs> {
  const home = homeOf(user, template);
  await homes.open(home, null);
  return { account: null, home, environment: loginEnvironment({ ...own, home }), files: [] };
}

async function dynamicRunAs(user: string, config: Config['accounts'], homes: Homes): Promise<RunAs> {
  if (/[:,\s\p{Cc}]/u.test(user)) throw refused(user, 'the name cannot stand in a user database');
  const home = homeOf(user, config.home);
  const uid = await homes.open(home, config.uid_range);
  if (uid < config.uid_range.low || uid > config.uid_range.high) {
    throw refused(user, `its home ${home} belongs to uid ${uid}, outside accounts.uid_range`);
  }
  const account = { name: user, uid, gid: uid, home, shell: '/bin/bash', listed: false };
  return {
    account,
    home,
    environment: loginEnvironment(account),
    files: [
      {
        path: '/etc/passwd',
        content: `${databaseWithout('/etc/passwd', user)}${user}:x:${uid}:${uid}::${home}:/bin/bash\n`,
      },
      { path: '/etc/group', content: `${databaseWithout('/etc/group', user)}${user}:x:${uid}:\n` },
    ],
  };
}

function homeOf(user: string, template: string): string {
  if (user === '.' || user === '..' || /[/\0]/.test(user) || Buffer.byteLength(user) > 200) {
    throw refused(user, 'the name cannot be a directory');
  }
  const home = template.replaceAll('{username}', () => user); // "$&" and the like mean nothing in a name
  if (basename(home) !== user) throw refused(user, 'the name does not make a home of its own');
  return home;
}

function databaseWithout(path: string, name: string): string {
  const lines = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith(`${name}:`));
  return lines.map((line) => `${line}\n`).join('');
}

function refused(user: string, reason: string): PortwrapError {
  return new PortwrapError('USER_REFUSED', `no server for user "${user}": ${reason}`);
}
