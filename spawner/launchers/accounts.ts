// How a user of a hub becomes an account of this machine, with a home directory.
// Not here: becoming it (portwrap/system/account.ts), making homes (homes.ts), accounts of the machine
// (system-accounts.ts).
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { PortwrapError } from '../../config/errors.ts';
import type { Config } from '../../config/load.ts';
import type { Toolbox } from '../../portwrap/index.ts';
import { type Account, loginEnvironment } from '../../portwrap/index.ts';
import { homeName } from './home-name.ts';
import { createHomes, type Homes } from './homes.ts';
import { type AccountGroups, type Accounts, type RunAs, refused } from './run-as.ts';
import { createSystemAccounts } from './system-accounts.ts';

export type { AccountGroups, Accounts, RunAs } from './run-as.ts';

export function createAccounts(
  config: Config['accounts'],
  tools: Toolbox,
  own: Account,
): Accounts & AccountGroups {
  if (config.mode === 'dynamic' && own.uid !== 0) throw needsRoot('mode "dynamic"');
  if (config.mode === 'system' && config.create && own.uid !== 0) throw needsRoot('create');
  if (config.mode === 'service' && own.uid === 0) {
    throw new PortwrapError(
      'CONFIG_INVALID',
      'accounts.mode "service" is refused for root: servers would be root',
    );
  }
  const homes = createHomes(tools);
  const system = createSystemAccounts(config, tools, own);
  const resolvers = {
    system: system.resolve,
    dynamic: (user: string) => dynamicRunAs(user, config, homes),
    service: (user: string) => serviceRunAs(user, config.home, own, homes),
  };
  return {
    resolve: resolvers[config.mode],
    groupsOf: config.mode === 'system' ? system.groupsOf : async () => [],
  };
}

function needsRoot(key: string): PortwrapError {
  return new PortwrapError('CONFIG_INVALID', `accounts.${key} needs the service to run as root`);
}

async function serviceRunAs(user: string, template: string, own: Account, homes: Homes): Promise<RunAs> {
  const home = homeOf(user, template, homeName(user, false));
  await homes.open(home, null);
  return { account: null, home, environment: loginEnvironment({ ...own, home }), files: [] };
}

async function dynamicRunAs(user: string, config: Config['accounts'], homes: Homes): Promise<RunAs> {
  const name = homeName(user, true);
  const home = homeOf(user, config.home, name);
  const uid = await homes.open(home, config.uid_range);
  if (uid < config.uid_range.low || uid > config.uid_range.high) {
    throw refused(user, `its home ${home} belongs to uid ${uid}, outside accounts.uid_range`);
  }
  const account = { name, uid, gid: uid, home, shell: '/bin/bash', listed: false };
  return {
    account,
    home,
    environment: loginEnvironment(account),
    files: [
      {
        path: '/etc/passwd',
        content: `${databaseWithout('/etc/passwd', name)}${name}:x:${uid}:${uid}::${home}:/bin/bash\n`,
      },
      { path: '/etc/group', content: `${databaseWithout('/etc/group', name)}${name}:x:${uid}:\n` },
    ],
  };
}

function homeOf(user: string, template: string, name: string): string {
  const home = template.replaceAll('{username}', () => name); // "$&" and the like mean nothing in a name
  if (basename(home) !== name) throw refused(user, 'the name does not make a home of its own');
  return home;
}

function databaseWithout(path: string, name: string): string {
  const lines = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith(`${name}:`));
  return lines.map((line) => `${line}\n`).join('');
}
