// The open TCP ports inside a sandbox and the programs that hold them, as /proc shows them to the host: proc(5).
// Not here: the forwarded port (sandbox.ts).
import { opendirSync, readlinkSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { identify, isAlive, type ProcessIdentity, startedAt } from '../system/process.ts';
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
  /** The arguments of the process that has held it for longest: of its own choice, and cut. Empty when not readable. */
  readonly words: readonly string[];
  /** When that process was started, in milliseconds since the epoch; null when it could not be read. */
  readonly started: number | null;
  /** Another value for other sockets, or for another process that holds them. */
  readonly key: string;
}

/** The sorted ports of the network namespace of `process`; none when the process has ended. */
export function listeningPorts(process: ProcessIdentity): readonly ListeningPort[] {
  if (!isAlive(process)) return [];
  const sockets = parseListeningSockets(readTcpTables(process.pid));
  if (sockets.length === 0) return [];
  const holders = holdersBySocket(process.pid, new Set(sockets.map(({ inode }) => inode)));
  return [...groupByPort(sockets)]
    .sort(([a], [b]) => a - b)
    .map(([port, own]) => {
      const held = own.flatMap(({ inode }) => holders.get(inode) ?? []);
      const [oldest] = held.toSorted((a, b) => a.startTime - b.startTime || a.pid - b.pid);
      const inodes = own.map(({ inode }) => inode).sort((a, b) => a - b);
      return {
        port,
        loopbackOnly: own.every(isOnLoopback),
        programs: [...new Set(held.map(({ name }) => name))].sort(),
        words: oldest === undefined ? [] : firstWords(oldest.pid),
        started: oldest === undefined ? null : startedAt(oldest),
        key: [...inodes, oldest?.pid, oldest?.startTime].join(' '),
      };
    });
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
/** Arguments that are kept of a process, and characters of each. */
const mostWords = 64;
const mostLetters = 256;

interface Holder extends ProcessIdentity {
  readonly name: string;
}

/**
 * The processes below `root` that hold one of `wanted`, by socket. A process may end while it is read, and without root
 * some of its files are not readable.
 */
function holdersBySocket(root: number, wanted: ReadonlySet<number>): Map<number, Holder[]> {
  const found = new Map<number, Holder[]>();
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
    const identity = held.size === 0 ? null : identify(pid);
    if (identity === null) continue;
    const holder = { ...identity, name: programName(pid) };
    for (const inode of held) found.set(inode, [...(found.get(inode) ?? []), holder]);
  }
  return found;
}

/**
 * The kernel keeps 15 bytes of a name; a longer one is completed from argv, which the process may have changed. Since
 * version 24 Node gives its main thread a name of its own, which says nothing of the program.
 */
function programName(pid: number): string {
  const name = (readFileOrNull(`/proc/${pid}/comm`) ?? '').trimEnd();
  if (nameOfThread.test(name)) return basename(argumentsOf(pid)[0] ?? '').slice(0, 64) || name;
  if (Buffer.byteLength(name) < 15) return name;
  const words = argumentsOf(pid).map((word) => basename(word));
  return words.find((word) => word.startsWith(name))?.slice(0, 64) ?? name;
}

const nameOfThread = /^(node-)?MainThread$/;

function firstWords(pid: number): string[] {
  const words = argumentsOf(pid).filter(Boolean);
  return words.slice(0, mostWords).map((word) => word.slice(0, mostLetters));
}

function argumentsOf(pid: number): string[] {
  return (readFileOrNull(`/proc/${pid}/cmdline`) ?? '').split('\0');
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
