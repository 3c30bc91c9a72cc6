// The leftovers of a test: running processes that refer to its directory, and files below it. Zombies do not count.
// Not here: ending processes.
import { type Dirent, readdirSync, readFileSync } from 'node:fs';
import { openFilesOf, targetOf } from './open-files.ts';
import { entriesBelow, kindOf, pathOf } from './tree.ts';

export interface Census {
  /** "PID command line" of each living process that names the directory. */
  readonly processes: readonly string[];
  /** Path below the directory, and its kind: file, fifo, socket, directory, link. */
  readonly files: readonly string[];
}

export const nothing: Census = { processes: [], files: [] };

/** Processes are found by arguments, environment, working directory and open files (deleted ones too). */
export function census(directory: string): Census {
  return { processes: processesOf(directory), files: entriesBelow(directory).map(describeEntry).sort() };
}

/** Pids of the processes that the census finds. */
export function pidsOf(directory: string, commandPattern = /./): number[] {
  return processesOf(directory)
    .filter((line) => commandPattern.test(line.slice(line.indexOf(' ') + 1)))
    .map((line) => Number.parseInt(line, 10));
}

function processesOf(directory: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => isAlive(pid) && refersTo(pid, directory))
    .map((pid) => `${pid} ${text(pid, 'cmdline').replaceAll('\0', ' ')}`.trim());
}

function isAlive(pid: string): boolean {
  const stat = text(pid, 'stat');
  return stat !== '' && !/\) [ZX] /.test(stat);
}

function refersTo(pid: string, directory: string): boolean {
  if (text(pid, 'cmdline').includes(directory) || text(pid, 'environ').includes(directory)) return true;
  return [...targetOf(`/proc/${pid}/cwd`), ...openFilesOf(pid)].some((path) => path.includes(directory));
}

const describeEntry = (entry: Dirent): string => `${pathOf(entry)} ${kindOf(entry)}`;

/** A process may end, or belong to another user, during the check. */
function text(pid: string, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}
