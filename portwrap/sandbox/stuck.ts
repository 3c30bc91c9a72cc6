// Ends processes of a sandbox that no record names, and that do not end by themselves. bwrap's parent may be killed between
// the clone of its child and the moment when it lets the child go on: then the child waits forever. Such a process holds a
// FIFO of the sandbox, and is found by it.
// Not here: ending a sandbox by its pid (sandbox.ts, launch/build.ts).
import { constants, lstatSync, readdirSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { identify, readStat, signalProcess } from '../system/process.ts';

/** Milliseconds that a sandbox may take to end before its stuck processes are searched for: all of /proc is read. */
const stuckDelay = 2_000;

/** After that time, kills the programs of that kind that hold `fifo`, unless `ended` has settled. */
export function killStuckLater(fifo: string, ended: Promise<unknown>, kind: Kind = 'bubblewrap'): void {
  const timer = setTimeout(() => killStuck(fifo, kind), stuckDelay);
  const cancel = () => clearTimeout(timer);
  ended.then(cancel, cancel);
}

/** Whose FIFO it is. Descriptors can be given away: only a writer that is called like a program of ours is killed. */
type Kind = 'bubblewrap' | 'network';

/** comm of proc_pid_stat(5), also before the program has executed; it has 15 characters at most. */
const names: Readonly<Record<Kind, RegExp>> = {
  bubblewrap: /^bwrap$/,
  network: /^(slirp4netns|portwrap-forwar|pasta|passt|setpriv|nsenter|unshare|sh|env)\b/,
};

/** Kills them now. */
export function killStuck(fifo: string, kind: Kind): void {
  const wanted = fileAt(fifo);
  if (wanted === null) return;
  for (const pid of readdirSync('/proc').map(Number).filter(Boolean)) {
    if (pid === process.pid || !names[kind].test(readStat(pid)?.name ?? '')) continue;
    if (!writesTo(pid, wanted)) continue;
    const found = identify(pid);
    if (found !== null) signalProcess(found, 'SIGKILL');
  }
}

interface OpenedFile {
  readonly name: string;
  readonly id: string;
}

function writesTo(pid: number, { name, id }: OpenedFile): boolean {
  return descriptorsOf(pid).some((link) => {
    // proc(5): the mode of the link is that of the descriptor
    if (((orNull(() => lstatSync(link))?.mode ?? 0) & constants.S_IWUSR) === 0) return false;
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
