// Reads the state of TCP connections from /proc/net/tcp and tcp6 (man 5 proc).
// Not here: acting on it (stalled-clients.ts).
import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { endianness } from 'node:os';

export interface KernelConnection {
  /** The peer has closed its side (CLOSE_WAIT). */
  readonly ended: boolean;
  /** Bytes that were received and not read yet; a FIN counts as one. */
  readonly unread: number;
}

/** The properties of a socket that identify its connection. */
export type Ends = {
  readonly [Key in 'localPort' | 'remotePort' | 'remoteAddress']?: Socket[Key] | undefined;
};

/** By connectionKey(); undefined where the kernel has no such table. */
export async function kernelConnections(): Promise<Map<string, KernelConnection> | undefined> {
  try {
    const tables = await Promise.all(
      ['/proc/net/tcp', '/proc/net/tcp6'].map((file) => readFile(file, 'latin1')),
    );
    return parseConnections(tables.join('\n'));
  } catch {
    return undefined;
  }
}

/** Our port, then the peer's address and port, in the kernel's notation. */
export function connectionKey({ localPort, remotePort, remoteAddress }: Ends): string | undefined {
  if (localPort === undefined || remotePort === undefined || remoteAddress === undefined) return undefined;
  return `${hex(localPort, 4)} ${kernelAddress(remoteAddress)}:${hex(remotePort, 4)}`;
}

export function parseConnections(table: string): Map<string, KernelConnection> {
  const connections = new Map<string, KernelConnection>();
  const row =
    /^ *\d+: [0-9A-F]+:([0-9A-F]{4}) ([0-9A-F]+:[0-9A-F]{4}) ([0-9A-F]{2}) [0-9A-F]+:([0-9A-F]+) /gm;
  for (const [, ours, theirs, state, unread = ''] of table.matchAll(row)) {
    connections.set(`${ours} ${theirs}`, { ended: state === closeWait, unread: Number.parseInt(unread, 16) });
  }
  return connections;
}

/** An address in the kernel's notation: one (IPv4) or four (IPv6) 32-bit words in the host's byte order. */
function kernelAddress(address: string): string {
  const plain = address.replace(/%.*/, '').replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...parts) => {
    const [a, b, c, d] = parts.slice(0, 4).map((byte) => hex(Number(byte), 2));
    return `${a}${b}:${c}${d}`;
  });
  const [before = [], after] = plain.split('::').map((groups) => groups.split(':').filter(Boolean));
  const zeros = after === undefined ? 0 : 8 - before.length - after.length;
  const groups = [...before, ...Array<string>(zeros).fill('0'), ...(after ?? [])];
  const digits = groups.map((group) => group.toUpperCase().padStart(4, '0')).join('');
  return endianness() === 'LE' ? digits.replace(/(..)(..)(..)(..)/g, '$4$3$2$1') : digits;
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, '0');
}

const closeWait = '08';
