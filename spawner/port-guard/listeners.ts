// The accounts that listen at an address of this machine, from the kernel's tables. Root may have passed a socket to a
// process of another account, as systemd does: then that account is the listener.
// Not here: the use of the result (accounts.ts), ports inside a sandbox (portwrap/sandbox/open-ports.ts).
import { readdirSync, readlinkSync } from 'node:fs';
import { BlockList } from 'node:net';
import {
  familyOf,
  type ListeningSocket,
  parseListeningSockets,
  readFileOrNull,
} from '../../portwrap/index.ts';

/**
 * The sockets that listen at this port on one of the addresses, or on a wildcard address that includes it; `table` is
 * the text of /proc/net/tcp and tcp6. Another account may listen at the same port on another address.
 */
export function listenersAt(table: string, addresses: readonly string[], port: number): ListeningSocket[] {
  const wanted = new BlockList();
  for (const address of addresses) {
    const family = familyOf(address);
    wanted.addAddress(address, family);
    if (family === 'ipv4') wanted.addAddress('0.0.0.0', 'ipv4');
    // "::" accepts IPv4 too, unless the socket is IPv6-only; then another one may be the listener, so both are returned
    wanted.addAddress('::', 'ipv6');
  }
  return parseListeningSockets(table).filter(
    (socket) => socket.port === port && wanted.check(socket.address, familyOf(socket.address)),
  );
}

/** The accounts that can accept connections on the listeners; only root can see other accounts' processes. */
export function accountsOf(listeners: readonly ListeningSocket[]): number[] {
  const uids = listeners.flatMap(({ uid, inode }) => (uid === 0 ? holdersOf(inode) : [uid]));
  return [...new Set(uids)];
}

/**
 * The uids of the processes that hold a socket of root, without init: a service manager only keeps it for others, and
 * so does root itself if another account holds it too.
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
    return []; // it has ended, or is not readable
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
