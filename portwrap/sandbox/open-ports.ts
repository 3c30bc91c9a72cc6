// The TCP ports that are open inside a sandbox, and whose they are, as /proc shows them to the host: proc(5).
// Not here: which of them is forwarded (sandbox.ts).
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
  /** Does every socket of it accept only what comes from inside the sandbox to a loopback address? */
  readonly loopbackOnly: boolean;
  /** Names of the programs that hold it, in order, each once; none when that could not be seen. */
  readonly programs: readonly string[];
}

/** Ports in order, of the network namespace of `process`; none when it is gone. */
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

/** The numbers alone, in order, each once, without making other work wait for the kernel. */
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

/** Enough for what people run; whoever has more loses only names, and makes nobody wait. */
const mostProcesses = 500;
/** Threads and descriptors of all of them together. */
const mostEntries = 4_000;

/**
 * The names of the programs below `root` that hold one of `wanted`, by socket. A process may end while we look, and
 * without root some files of it are closed to us.
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
    return []; // closed, or ended, while we looked
  }
}

/** At most `most` names of what is in the directory; the others are not even read. */
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
    // ended while we looked, or closed to us
  }
  return names;
}
