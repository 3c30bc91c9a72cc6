// Who a server runs as. Not here: finding out (accounts.ts, system-accounts.ts).
import { PortwrapError } from '../../config/errors.ts';
import type { Account, SyntheticFile } from '../../portwrap/index.ts';

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

export interface AccountGroups {
  /** The groups of this machine in which the account of the user is; none if there is no account, or no answer. */
  groupsOf(user: string): Promise<readonly string[]>;
}

export function refused(user: string, reason: string): PortwrapError {
  return new PortwrapError('USER_REFUSED', `no server for user "${user}": ${reason}`);
}
