// The doctor's last part, when root asks: the host ports, tried as root, as the service, the proxy, the
// hub and nobody, and the rule that closes them, ready to paste. Not here: the rule (port-guard/rule.ts), the other probes.
import { PortwrapError } from '../../../config/errors.ts';
import type { ConfigFile } from '../../../config/load.ts';
import { type Check, createToolbox, findAccount, type Toolbox } from '../../../portwrap/index.ts';
import { guardAccounts } from '../../port-guard/accounts.ts';
import { evaluatePortGuard, probePortGuard } from '../../port-guard/probe.ts';
import { portGuardPaste, portGuardRules } from '../../port-guard/rule.ts';

export interface PortsFinding {
  readonly check: Check;
  /** Null while it is not known whom the rule must let through. */
  readonly rules: string | null;
  /** What is left to do: the rule with the commands that load it, or nothing. */
  readonly paste: string;
}

/** Throws USER_REFUSED when `proxyUser` is no account. */
export async function collectPortChecks(
  config: ConfigFile,
  proxyUser: string | undefined,
): Promise<PortsFinding> {
  const { host_address: hostAddress, range } = config.ports;
  const tools = createToolbox();
  const { uids: allowed, gaps } = await guardAccounts(config, await uidOf(tools, proxyUser));
  const stranger = [nobody, nobody - 1].find((uid) => !allowed.includes(uid)) ?? nobody;
  const result = await probePortGuard({ tools, hostAddress, range, allowed, stranger });
  const check = evaluatePortGuard(result, range, gaps);
  if (gaps.length > 0) return { check, rules: null, paste: '' };
  const rules = portGuardRules(range, allowed);
  return { check, rules, paste: check.status === 'ok' ? '' : portGuardPaste(rules) };
}

const nobody = 65_534;

async function uidOf(tools: Toolbox, user: string | undefined): Promise<number | undefined> {
  if (user === undefined) return undefined;
  const account = await findAccount(tools, user);
  if (account === null) throw new PortwrapError('USER_REFUSED', `there is no account "${user}"`);
  return account.uid;
}
