// The kernel's tables of TCP sockets, /proc/PID/net/tcp and tcp6: listening sockets, their addresses and owners.
// To print one the kernel walks all of its hash buckets, so do not read them often.
// Not here: the processes that hold a socket (sandbox/open-ports.ts), the proxy's own reading of connections.
import { BlockList } from 'node:net';
import { readFileOrNull } from './read-file.ts';

export interface ListeningSocket {
  /** In the form that net.isIP() accepts. */
  readonly address: string;
  readonly port: number;
  /** The uid of its creator. */
  readonly uid: number;
  readonly inode: number;
}

/** The paths of the tables of a process's network namespace. */
export function tcpTables(pid: number | 'self'): readonly string[] {
  return ['tcp', 'tcp6'].map((table) => `/proc/${pid}/net/${table}`);
}

/** The text of both; empty if missing, as tcp6 on a kernel without IPv6, or for a process that has ended. */
export function readTcpTables(pid: number | 'self'): string {
  return tcpTables(pid)
    .map((path) => readFileOrNull(path) ?? '')
    .join('');
}

/**
 * The listening sockets. The fields (proc_net_tcp(5)): number, local, remote, state, queues, timer, retransmissions,
 * uid, timeout, inode.
 */
export function parseListeningSockets(tables: string): ListeningSocket[] {
  return tables
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === listens)
    .map((fields) => {
      const [address = '', port = ''] = (fields[1] ?? '').split(':');
      return {
        address: readAddress(address),
        port: Number.parseInt(port, 16),
        uid: Number(fields[7]),
        inode: Number(fields[9]),
      };
    });
}

/** Whether it is reachable only from its own network namespace. */
export function isOnLoopback({ address }: ListeningSocket): boolean {
  return loopback.check(address, familyOf(address));
}

/** Whether it listens on all addresses. */
export function isOnEveryAddress({ address }: ListeningSocket): boolean {
  return everyAddress.check(address, familyOf(address));
}

export function familyOf(address: string): 'ipv4' | 'ipv6' {
  return address.includes(':') ? 'ipv6' : 'ipv4';
}

const listens = '0A';

/** Also matches IPv4-mapped IPv6 addresses. */
const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');
const everyAddress = new BlockList();
everyAddress.addAddress('0.0.0.0', 'ipv4');
everyAddress.addAddress('::', 'ipv6');

/** Reads words of four bytes, each in the host's (little-endian) byte order. */
function readAddress(hex: string): string {
  const bytes = [...hex.matchAll(/(..)(..)(..)(..)/g)].flatMap((word) => word.slice(1).reverse());
  return bytes.length === 4
    ? bytes.map((byte) => Number.parseInt(byte, 16)).join('.')
    : (bytes.join('').match(/.{4}/g) ?? []).join(':');
}
