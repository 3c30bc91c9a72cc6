// accounts.mode "system": the account of a user in the user database of this machine, made when the configuration says so.
// A name service (sssd, LDAP) may answer with another spelling of the name, or fully qualified: the uid counts.
// Not here: the other modes (accounts.ts).
import { chmodSync } from 'node:fs';
import { PortwrapError } from '../../config/errors.ts';
import type { Config } from '../../config/load.ts';
import {
  type Account,
  answersOf,
  findAccount,
  loginEnvironment,
  runTool,
  type Toolbox,
} from '../../portwrap/index.ts';
import { type AccountGroups, type Accounts, refused } from './run-as.ts';

export function createSystemAccounts(
  config: Config['accounts'],
  tools: Toolbox,
  own: Account,
): Accounts & AccountGroups {
  /** One after the other: useradd locks the user database. */
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = last.then(work);
    last = done.catch(() => {});
    return done;
  };
  const makes = config.create && own.uid === 0;

  const nameOf = (user: string) => config.username.replaceAll('{username}', () => user);

  return {
    async groupsOf(user) {
      const name = nameOf(user);
      if (user === '' || isNumber(name) || name.includes('\0')) return [];
      // names of groups may have spaces in them
      return answersOf([tools('id'), '--groups', '--name', '--zero', '--', name]);
    },
    async resolve(user) {
      const name = nameOf(user);
      if (user === '' || isNumber(name)) throw refused(user, noAccount(name));
      const found = await findAccount(tools, name);
      if (found === null && !makes) throw refused(user, noAccount(name));
      const account = found ?? (await inTurn(() => makeAccount(tools, config, user, name)));
      if (account.uid === 0 || account.uid < config.min_uid) {
        throw refused(user, `its uid ${account.uid} is below accounts.min_uid (${config.min_uid})`);
      }
      if (account.uid > config.max_uid) {
        throw refused(user, `its uid ${account.uid} is above accounts.max_uid (${config.max_uid})`);
      }
      if (own.uid !== 0 && account.uid !== own.uid) {
        throw refused(user, 'the service is not root, so it can run servers for its own account only');
      }
      if (makes) await inTurn(() => makeMissingHome(tools, account));
      const { home } = account;
      const runs = own.uid === 0 ? account : null;
      return { account: runs, home, environment: loginEnvironment(account), files: [] };
    },
  };
}

/** getent(1) and id(1) take what strtoul(3) reads for a uid, and a user called "1000" is not account 1000. */
function isNumber(name: string): boolean {
  return /^\s*[+-]?\d*$/.test(name);
}

function noAccount(name: string): string {
  return `there is no account of that name on this machine (${JSON.stringify(name)})`;
}

async function makeAccount(
  tools: Toolbox,
  config: Config['accounts'],
  user: string,
  name: string,
): Promise<Account> {
  const made = await findAccount(tools, name); // another start was faster
  if (made !== null) return made;
  if (!/^[A-Za-z_][\w.-]{0,31}$/.test(name)) {
    throw refused(
      user,
      `no account can be made with the name ${JSON.stringify(name)}: it has other characters or more than 32`,
    );
  }
  const groups = config.groups.length === 0 ? [] : ['--groups', config.groups.join(',')];
  const argv = ['--create-home', '--shell', config.shell, ...groups, '--', name];
  const run = await runTool(tools('useradd'), argv);
  if (run.code !== 0) throw unmade(user, `useradd failed: ${run.output.trim()}`);
  const account = await findAccount(tools, name);
  if (account === null) throw unmade(user, 'useradd succeeded, but the user database does not list it');
  chmodSync(account.home, 0o700); // login.defs may say otherwise
  return account;
}

/** Homes of accounts of a directory service, which pam_mkhomedir makes when their owners log in. */
async function makeMissingHome(tools: Toolbox, { name, home }: Account): Promise<void> {
  const script = '[ -e "$1" ] && printf "there\\0"; printf "end\\0"';
  const answers = await answersOf([tools('sh'), '-c', script, 'portwrap', home]);
  if (answers.at(-1) !== 'end' || answers.length > 1) return; // a home that does not answer is the launch's to report
  const run = await runTool(tools('mkhomedir_helper'), [name, '0077']);
  if (run.code !== 0) throw unmade(name, `its home ${home} could not be made: ${run.output.trim()}`);
}

function unmade(user: string, reason: string): PortwrapError {
  return new PortwrapError('USER_REFUSED', `no server for user "${user}": ${reason}`, {
    hint: 'accounts.create is set, and the account could not be made. An administrator can make it.',
  });
}
