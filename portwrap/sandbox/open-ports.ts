// The open TCP ports inside a sandbox and the programs that hold them, as /proc shows them to the host: proc(5).
// Not here: the forwarded port (sandbox.ts).
import { opendirSync, readlinkSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { isAlive, type ProcessIdentity } from '../system/process.ts';
import { readFileOrNull } from '../system/read-file.ts';
import {
  isOnLoopback,
  type ListeningSocket,
  parseListeningSockets,
  readTcpTables,
  tcpTables,
} from '../system/tcp-table.ts';

export interface ListeningPort {
  readonly port: number;
  /** Whether all of its sockets accept only connections from inside the sandbox to a loopback address. */
  readonly loopbackOnly: boolean;
  /** Names of the programs that hold it, sorted and unique; empty when they could not be read. */
  readonly programs: readonly string[];
}

/** The sorted ports of the network namespace of `process`; none when the process has ended. */
export function listeningPorts(process: ProcessIdentity): readonly ListeningPort[] {
  if (!isAlive(process)) return [];
  const sockets = parseListeningSockets(readTcpTables(process.pid));
  if (sockets.length === 0) return [];
  const holders = programsBySocket(process.pid, new Set(sockets.map(({ inode }) => inode)));
  return [...groupByPort(sockets)]
    .sort(([a], [b]) => a - b)
    .map(([port, own]) => ({
      port,
      loopbackOnly: own.every(isOnLoopback),
      programs: [...new Set(own.flatMap(({ inode }) => [...(holders.get(inode) ?? [])]))].sort(),
    }));
}

/** Only the numbers, sorted and unique; does not block the event loop while the kernel prints its tables. */
export async function listeningPortNumbers(process: ProcessIdentity): Promise<readonly number[]> {
  if (!isAlive(process)) return [];
  const ports = new Set<number>();
  for (const path of tcpTables(process.pid)) {
    const table = await readFile(path, 'utf8').catch(() => '');
    for (const { port } of parseListeningSockets(table)) ports.add(port);
  }
  return [...ports].sort((a, b) => a - b);
}

function groupByPort(sockets: readonly ListeningSocket[]): Map<number, ListeningSocket[]> {
  const groups = new Map<number, ListeningSocket[]>();
  for (const socket of sockets) {
    const group = groups.get(socket.port);
    if (group === undefined) groups.set(socket.port, [socket]);
    else group.push(socket);
  }
  return groups;
}

/** Enough for ordinary use; a larger sandbox loses only program names, and delays no other work. */
const mostProcesses = 500;
/** The limit for the threads and descriptors of all these processes together. */
const mostEntries = 4_000;

/**
 * The names of the programs below `root` that hold one of `wanted`, by socket. A process may end while it is read, and
 * without root some of its files are not readable.
 */
function programsBySocket(root: number, wanted: ReadonlySet<number>): Map<number, Set<string>> {
  const found = new Map<number, Set<string>>();
  let left = mostEntries;
  const list = (directory: string): string[] => {
    const names = firstNames(directory, left);
    left -= names.length;
    return names;
  };
  const open = [root];
  for (let seen = 0; seen < mostProcesses && left > 0; seen += 1) {
    const pid = open.pop();
    if (pid === undefined) break;
    const threads = list(`/proc/${pid}/task`);
    open.push(...threads.flatMap((thread) => childrenOf(`/proc/${pid}/task/${thread}`)));
    const sockets = list(`/proc/${pid}/fd`).flatMap((fd) => socketInode(`/proc/${pid}/fd/${fd}`));
    const held = new Set(sockets.filter((inode) => wanted.has(inode)));
    if (held.size === 0) continue;
    const name = programName(pid);
    for (const inode of held) found.set(inode, (found.get(inode) ?? new Set()).add(name));
  }
  return found;
}

/** The kernel keeps 15 bytes of a name; a longer one is completed from argv, which the process may have changed. */
function programName(pid: number): string {
  const name = (readFileOrNull(`/proc/${pid}/comm`) ?? '').trimEnd();
  if (Buffer.byteLength(name) < 15) return name;
  const words = (readFileOrNull(`/proc/${pid}/cmdline`) ?? '').split('\0').map((word) => basename(word));
  return words.find((word) => word.startsWith(name))?.slice(0, 64) ?? name;
}

function childrenOf(thread: string): number[] {
  return (readFileOrNull(`${thread}/children`) ?? '').split(' ').filter(Boolean).map(Number);
}

function socketInode(link: string): number[] {
  try {
    const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(link))?.[1];
    return inode === undefined ? [] : [Number(inode)];
  } catch {
    return []; // not readable, or it ended meanwhile
  }
}

/** At most `most` names of entries in the directory; the others are not read. */
function firstNames(directory: string, most: number): string[] {
  const names: string[] = [];
  try {
    const open = opendirSync(directory);
    try {
      for (let entry = open.readSync(); entry !== null && names.length < most; entry = open.readSync()) {
        names.push(entry.name);
      }
    } finally {
      open.closeSync();
    }
  } catch {
    // it ended meanwhile, or is not readable
  }
  return names;
}
