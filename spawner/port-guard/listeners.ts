// Who listens at an address of this machine, from the kernel's tables. A socket of root's may have been handed to a
// process of another account, as systemd does: then it is that account that listens.
// Not here: what the answer is for (accounts.ts), ports inside a sandbox (portwrap/sandbox/open-ports.ts).
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { BlockList, isIPv4 } from 'node:net';

export interface Listener {
  /** Who made the socket. */
  readonly uid: number;
  readonly inode: number;
}

/**
 * The sockets that listen at this port of one of the addresses, or of a wildcard address that answers for it; `table`
 * is /proc/net/tcp and tcp6. Somebody else may listen at the same port of another address.
 */
export function listenersAt(table: string, addresses: readonly string[], port: number): Listener[] {
  const wanted = new BlockList();
  for (const address of addresses) {
    const family = isIPv4(address) ? 'ipv4' : 'ipv6';
    wanted.addAddress(address, family);
    if (family === 'ipv4') wanted.addAddress('0.0.0.0', 'ipv4');
    // it answers for IPv4 too, unless it was told not to; then somebody else may be the one, and both are named
    wanted.addAddress('::', 'ipv6');
  }
  // proc_net_tcp(5): number, local, remote, state (0A is LISTEN), queues, timer, retransmissions, uid, timeout, inode
  const listener = /^\s*\d+: ([0-9A-F]+):([0-9A-F]{4}) [0-9A-F]+:0000 0A \S+ \S+ \S+\s+(\d+)\s+\d+ (\d+) /gm;
  return [...table.matchAll(listener)]
    .filter(([, , at = '']) => Number.parseInt(at, 16) === port)
    .filter(([, local = '']) => wanted.check(readAddress(local), local.length === 8 ? 'ipv4' : 'ipv6'))
    .map(([, , , uid, inode]) => ({ uid: Number(uid), inode: Number(inode) }));
}

/** The accounts that can accept from the listeners; only root is told about other accounts' processes. */
export function accountsOf(listeners: readonly Listener[]): number[] {
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
  try {
    const uid = /^Uid:\t\d+\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return uid === undefined ? null : Number(uid);
  } catch {
    return null;
  }
}

/** From words of four bytes, each in the host's (little-endian) order. */
function readAddress(hex: string): string {
  const bytes = [...hex.matchAll(/(..)(..)(..)(..)/g)].flatMap((word) => word.slice(1).reverse());
  return bytes.length === 4
    ? bytes.map((byte) => Number.parseInt(byte, 16)).join('.')
    : (bytes.join('').match(/.{4}/g) ?? []).join(':');
}
