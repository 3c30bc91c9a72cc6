// The accounts whose connections the port guard must accept: of the service, the proxy and the hubs. Found by the owner
// of the state directory and the listeners at the configured addresses. An unknown account is a gap, never a guess.
// Not here: the rule (rule.ts).
import { lookup } from 'node:dns/promises';
import { statSync } from 'node:fs';
import type { ConfigFile } from '../../config/load.ts';
import { portOf } from '../../config/system/url-port.ts';
import { isLoopback, ownAddresses, readTcpTables } from '../../portwrap/index.ts';
import { accountsOf, listenersAt } from './listeners.ts';

/** A required account that is unknown. */
export interface Gap {
  readonly what: string;
  readonly fix: string;
}

export interface GuardAccounts {
  /** Without root, which is always accepted. */
  readonly uids: readonly number[];
  readonly gaps: readonly Gap[];
}

/** `proxyUid` is the proxy's account, if given; `table` is the text of /proc/net/tcp and tcp6. */
export async function guardAccounts(
  config: ConfigFile,
  proxyUid: number | undefined,
  table = readTcpTables('self'),
): Promise<GuardAccounts> {
  const own = new Set([...ownAddresses(), '0.0.0.0', '::']);
  const isOwn = (address: string) => isLoopback(address) || own.has(address);
  const ask = (who: string, url: string, named: string) => listenerAt({ who, url, named, table, isOwn });
  const name = 'name its account with --proxy-user';
  const found = [
    serviceUid(config),
    proxyUid ?? (config.proxy === null ? null : await ask('the proxy', config.proxy.api_url, name)),
    ...(await Promise.all(
      config.hubs.map((hub) => ask(`the hub "${hub.name}"`, hub.api_url, 'end those that are not the hub')),
    )),
  ];
  return {
    uids: [...new Set(found.filter((one) => typeof one === 'number' && one !== 0))] as number[],
    gaps: found.filter((one) => typeof one === 'object' && one !== null) as Gap[],
  };
}

/** The service sends requests to servers itself. Only with accounts of mode "service" is it never root. */
function serviceUid({ service, accounts }: ConfigFile): number | Gap {
  const uid = statSync(service.state_dir, { throwIfNoEntry: false })?.uid ?? 0;
  if (uid !== 0 || accounts.mode !== 'service') return uid;
  const what = `the service's account is not known: ${service.state_dir} does not exist, or belongs to root`;
  return { what, fix: 'Start the service' };
}

interface Question {
  readonly who: string;
  readonly url: string;
  /** The remedy when several accounts listen. */
  readonly named: string;
  readonly table: string;
  readonly isOwn: (address: string) => boolean;
}

/** Null for the address of another machine: the rule applies only to connections from this one. */
async function listenerAt({ who, url, named, table, isOwn }: Question): Promise<number | Gap | null> {
  const parsed = new URL(url);
  const { hostname } = parsed;
  const port = portOf(parsed);
  const place = `${hostname}:${port}`;
  const gap = (why: string, fix: string) => ({ what: `${who}'s account is not known: ${why}`, fix });
  const resolved = await lookup(hostname.replace(/^\[|\]$/g, ''), { all: true }).catch(() => null);
  if (resolved === null) return gap(`${hostname} has no address`, `Make ${hostname} resolvable`);
  const addresses = resolved.map(({ address }) => address).filter(isOwn);
  if (addresses.length === 0) return null;
  const listeners = listenersAt(table, addresses, port);
  if (listeners.length === 0) return gap(`no process listens at ${place}`, `Start ${who}`);
  const uids = accountsOf(listeners);
  const [uid, ...others] = uids;
  if (uid === undefined)
    return gap(`no process but init holds the listening socket at ${place}`, `Start ${who}`);
  if (others.length === 0) return uid;
  return gap(
    `uids ${uids.join(' and ')} listen at ${place}`,
    `Find the processes that listen at ${place}, and ${named}`,
  );
}
