// The doctor's last part, for a service that is root: the host ports, tried as root, as the proxy, as the hub and as
// nobody, and the rule that closes them, ready to paste. Not here: the rule (port-guard.ts), the other probes.
import { readFileSync } from 'node:fs';
import { PortwrapError } from '../../config/errors.ts';
import type { ConfigFile } from '../../config/load.ts';
import { type Check, createToolbox, findAccount, isLoopback } from '../../portwrap/index.ts';
import { listenerUid, portGuardPaste, portGuardRules } from '../port-guard.ts';
import { judgePortGuard, probePortGuard } from '../port-guard-probe.ts';

export interface PortsFinding {
  readonly check: Check;
  readonly rules: string;
  /** What is left to do: the rule with the commands that load it, or nothing. */
  readonly paste: string;
}

/** Throws USER_REFUSED when `proxyUser` is no account. */
export async function examinePorts(config: ConfigFile, proxyUser: string | undefined): Promise<PortsFinding> {
  const { host_address: hostAddress, range } = config.ports;
  const allowed = await allowedUids(config, proxyUser);
  const rules = portGuardRules(range, allowed);
  const stranger = [nobody, nobody - 1].find((uid) => !allowed.includes(uid)) ?? nobody;
  const passage = await probePortGuard({ hostAddress, range, allowed, stranger });
  const check = judgePortGuard(passage, range);
  return { check, rules, paste: check.status === 'ok' ? '' : portGuardPaste(rules) };
}

const nobody = 65_534;

/** Whoever calls a server: the proxy for browsers, the hub to see that it has come up. */
async function allowedUids(config: ConfigFile, proxyUser: string | undefined): Promise<number[]> {
  const table = ['/proc/net/tcp', '/proc/net/tcp6'].map(read).join('');
  const uidAt = (address: string | undefined) => {
    const url = address === undefined ? null : new URL(address);
    return url === null || !(isLoopback(url.hostname) || url.hostname === 'localhost')
      ? null
      : listenerUid(table, Number(url.port) || 80);
  };
  const account = proxyUser === undefined ? null : await findAccount(createToolbox(), proxyUser);
  if (proxyUser !== undefined && account === null) {
    throw new PortwrapError('USER_REFUSED', `there is no account "${proxyUser}"`);
  }
  const uids = [
    account?.uid ?? uidAt(config.proxy?.api_url),
    ...config.hubs.map((hub) => uidAt(hub.api_url)),
  ];
  return uids.filter((uid): uid is number => uid !== null && uid !== 0);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // a kernel without IPv6
  }
}
