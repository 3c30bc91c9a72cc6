// The TCP ports that are open inside a sandbox, and whose they are, as /proc shows them to the host: proc(5).
// Not here: which of them is forwarded (sandbox.ts).
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { isAlive, type ProcessIdentity } from './process.ts';

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
  const sockets = ['tcp', 'tcp6'].flatMap((table) =>
    parseSocketTable(readOrEmpty(`/proc/${process.pid}/net/${table}`)),
  );
  if (sockets.length === 0) return [];
  const holders = programsBySocket(process.pid);
  return [...new Set(sockets.map(({ port }) => port))]
    .sort((a, b) => a - b)
    .map((port) => {
      const own = sockets.filter((socket) => socket.port === port);
      const programs = own.flatMap(({ inode }) => holders.get(inode) ?? []);
      return {
        port,
        loopbackOnly: own.every(({ isLoopback }) => isLoopback),
        programs: [...new Set(programs)].sort(),
      };
    });
}

interface ListeningSocket {
  readonly port: number;
  readonly isLoopback: boolean;
  readonly inode: string;
}

/** The sockets of /proc/net/tcp or tcp6 that listen. */
export function parseSocketTable(text: string): ListeningSocket[] {
  return text
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === listens)
    .map((fields) => {
      const [address = '', port = ''] = (fields[1] ?? '').split(':');
      return { port: Number.parseInt(port, 16), isLoopback: loopback.test(address), inode: fields[9] ?? '' };
    });
}

const listens = '0A';
/** 127.0.0.0/8, ::1 and ::ffff:127.0.0.0/104, in words of four bytes, each in the host's (little-endian) order. */
const loopback = /^(?:.{6}7F|0{24}01000000|0{16}FFFF0000.{6}7F)$/;

/** Enough for what people run; whoever has more loses only names. */
const mostProcesses = 500;

function programsBySocket(root: number): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const open = [root];
  for (let seen = 0; seen < mostProcesses; seen += 1) {
    const pid = open.pop();
    if (pid === undefined) break;
    open.push(...childrenOfAllThreads(pid));
    const sockets = listOrEmpty(`/proc/${pid}/fd`).flatMap((fd) => socketInode(`/proc/${pid}/fd/${fd}`));
    if (sockets.length === 0) continue;
    const name = programName(pid);
    for (const inode of sockets) found.set(inode, [...(found.get(inode) ?? []), name]);
  }
  return found;
}

/** The kernel keeps 15 bytes of a name; the rest of a longer one is in the arguments, for whoever tells the truth there. */
function programName(pid: number): string {
  const name = readOrEmpty(`/proc/${pid}/comm`).trimEnd();
  if (Buffer.byteLength(name) < 15) return name;
  const words = readOrEmpty(`/proc/${pid}/cmdline`)
    .split('\0')
    .map((word) => basename(word));
  return words.find((word) => word.startsWith(name))?.slice(0, 64) ?? name;
}

function childrenOfAllThreads(pid: number): number[] {
  return listOrEmpty(`/proc/${pid}/task`).flatMap((thread) =>
    readOrEmpty(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean).map(Number),
  );
}

function socketInode(link: string): string[] {
  try {
    const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(link))?.[1];
    return inode === undefined ? [] : [inode];
  } catch {
    return []; // closed, or ended, while we looked
  }
}

/** A process may end while we look, and without root some files of it are closed to us. */
function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function listOrEmpty(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
