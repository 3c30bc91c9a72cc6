// The account that smoke uses after a setup: who called sudo, else the first account of people on this machine.
// Not here: smoke (../smoke.ts).
import { readFileSync } from 'node:fs';
import type { ConfigFile } from '../../../config/load.ts';
import { createToolbox, findAccount, parsePasswd } from '../../../portwrap/index.ts';

/** The name of a user of the hub; null: there is none that may run a server. `caller` is a name or a uid. */
export async function findTestUser(
  accounts: ConfigFile['accounts'],
  caller: string | undefined,
): Promise<string | null> {
  if (accounts.mode !== 'system' || accounts.create) return 'smoke-test';
  if (accounts.username !== '{username}') return null; // which user has an account is not known
  const called = caller === undefined ? null : await findAccount(createToolbox(), caller);
  const listed = readFileSync('/etc/passwd', 'utf8').split('\n').filter(Boolean).map(parsePasswd);
  const isPerson = ({ uid, shell }: { uid: number; shell: string }) =>
    uid >= accounts.min_uid && uid < 60_000 && !/(?:nologin|false)$/.test(shell);
  return [...(called === null ? [] : [called]), ...listed].find(isPerson)?.name ?? null;
}
