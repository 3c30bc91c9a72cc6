// Who listens at an address of this machine, from the kernel's tables. A socket of root's may have been handed to a
// process of another account, as systemd does: then it is that account that listens.
// Not here: what the answer is for (accounts.ts), ports inside a sandbox (portwrap/sandbox/open-ports.ts).
import { readdirSync, readlinkSync } from 'node:fs';
import { BlockList } from 'node:net';
import {
  familyOf,
  type ListeningSocket,
  parseListeningSockets,
  readFileOrNull,
} from '../../portwrap/index.ts';

/**
 * The sockets that listen at this port of one of the addresses, or of a wildcard address that answers for it; `table`
 * is /proc/net/tcp and tcp6. Somebody else may listen at the same port of another address.
 */
export function listenersAt(table: string, addresses: readonly string[], port: number): ListeningSocket[] {
  const wanted = new BlockList();
  for (const address of addresses) {
    const family = familyOf(address);
    wanted.addAddress(address, family);
    if (family === 'ipv4') wanted.addAddress('0.0.0.0', 'ipv4');
    // it answers for IPv4 too, unless it was told not to; then somebody else may be the one, and both are named
    wanted.addAddress('::', 'ipv6');
  }
  return parseListeningSockets(table).filter(
    (socket) => socket.port === port && wanted.check(socket.address, familyOf(socket.address)),
  );
}

/** The accounts that can accept from the listeners; only root is told about other accounts' processes. */
export function accountsOf(listeners: readonly ListeningSocket[]): number[] {
  const uids = listeners.flatMap(({ uid, inode }) => (uid === 0 ? holdersOf(inode) : [uid]));
  return [...new Set(uids)];
}

/**
 * The uids of the processes that have a socket of root's, without init: a service manager only keeps it for others,
 * and so does root itself when another account has it too.
 */
function holdersOf(inode: number): number[] {
  const link = `socket:[${inode}]`;
  const uids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && name !== '1')
    .filter((pid) => descriptorsOf(pid).includes(link))
    .flatMap((pid) => effectiveUid(pid) ?? []);
  const others = uids.filter((uid) => uid !== 0);
  return others.length > 0 ? others : uids;
}

function descriptorsOf(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => linkOf(`/proc/${pid}/fd/${fd}`) ?? []);
  } catch {
    return []; // it has ended, or is not ours to see
  }
}

function linkOf(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}

function effectiveUid(pid: string): number | null {
  const uid = /^Uid:\t\d+\t(\d+)/m.exec(readFileOrNull(`/proc/${pid}/status`) ?? '')?.[1];
  return uid === undefined ? null : Number(uid);
}
