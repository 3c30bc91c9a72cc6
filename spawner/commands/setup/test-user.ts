// The user that smoke takes after a setup: who called sudo, else the first account of people on this machine.
// Not here: smoke (../smoke.ts).
import { readFileSync } from 'node:fs';
import type { ConfigFile } from '../../../config/load.ts';
import { createToolbox, findAccount, parsePasswd } from '../../../portwrap/index.ts';

/** The name of a user of the hub; null: there is none that may run a server. `caller` is a name or a uid. */
export async function findTestUser(
  accounts: ConfigFile['accounts'],
  caller: string | undefined,
): Promise<string | null> {
  const called = caller === undefined ? null : await findAccount(createToolbox(), caller);
  const listed = readFileSync('/etc/passwd', 'utf8').split('\n').filter(Boolean).map(parsePasswd);
  return chooseTestUser(accounts, [...(called === null ? [] : [called]), ...listed]);
}

type Candidate = Pick<ReturnType<typeof parsePasswd>, 'name' | 'uid' | 'shell'>;

/** The user of the first account that fits. A new account is made only where there is none, and would stay. Pure. */
export function chooseTestUser(
  accounts: ConfigFile['accounts'],
  candidates: readonly Candidate[],
): string | null {
  if (accounts.mode !== 'system') return 'smoke-test';
  const [before = '', after = ''] = accounts.username.split('{username}');
  const isPerson = ({ uid, shell }: Candidate) =>
    uid >= accounts.min_uid && uid < 60_000 && !/(?:nologin|false)$/.test(shell);
  const fits = ({ name }: Candidate) =>
    name.startsWith(before) && name.endsWith(after) && name.length > before.length + after.length;
  const account = candidates.find((one) => isPerson(one) && fits(one))?.name;
  if (account === undefined) return accounts.create ? 'smoke-test' : null;
  return account.slice(before.length, account.length - after.length);
}
