// Ends processes of a sandbox that no record names, and that do not end by themselves. bwrap's parent may be killed between
// the clone of its child and the moment when it lets the child go on: then the child waits forever. Such a process holds a
// FIFO of the sandbox, and is found by it.
// Not here: ending a sandbox by its pid (sandbox.ts, launch/build.ts).
import { readdirSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { identify, readStat, signalProcess } from '../system/process.ts';

/** Milliseconds that a sandbox may take to end before its stuck processes are searched for: all of /proc is read. */
const stuckDelay = 2_000;

/** After that time, kills the processes that have `fifo` open and are `kind`, unless `ended` has settled. */
export function killStuckLater(fifo: string, ended: Promise<unknown>, kind: Kind = 'bubblewrap'): void {
  const timer = setTimeout(() => killStuck(fifo, kind), stuckDelay);
  const cancel = () => clearTimeout(timer);
  ended.then(cancel, cancel);
}

/**
 * Of the life FIFO only bubblewrap: forwarder and launcher read it, and a payload may have given it to any process.
 * The FIFOs of forwarder and uplink are theirs alone.
 */
type Kind = 'bubblewrap' | 'any';

/** Kills them now; this process is left. */
export function killStuck(fifo: string, kind: Kind): void {
  const wanted = fileAt(fifo);
  if (wanted === null) return;
  for (const pid of readdirSync('/proc').map(Number).filter(Boolean)) {
    if (pid === process.pid || (kind === 'bubblewrap' && readStat(pid)?.name !== 'bwrap')) continue;
    if (!hasOpen(pid, wanted)) continue;
    const found = identify(pid);
    if (found !== null) signalProcess(found, 'SIGKILL');
  }
}

interface OpenedFile {
  readonly name: string;
  readonly id: string;
}

function hasOpen(pid: number, { name, id }: OpenedFile): boolean {
  return descriptorsOf(pid).some((link) => {
    // the link first: to ask for the file itself waits where a file system does not answer
    const target = orNull(() => readlinkSync(link));
    return target !== null && basename(target).replace(/ \(deleted\)$/, '') === name && idOf(link) === id;
  });
}

/** Empty for a process that has ended, or that belongs to another account. */
function descriptorsOf(pid: number): string[] {
  const directory = `/proc/${pid}/fd`;
  return orNull(() => readdirSync(directory))?.map((number) => join(directory, number)) ?? [];
}

function fileAt(path: string): OpenedFile | null {
  return orNull(() => ({ name: basename(realpathSync(path)), id: idOf(path) ?? '' }));
}

function idOf(path: string): string | null {
  return orNull(() => {
    const { dev, ino } = statSync(path);
    return `${dev}:${ino}`;
  });
}

function orNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
