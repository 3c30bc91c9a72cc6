// The terminals of a sandbox: a devpts of its own in place of the machine's, whose terminals a payload of the same user
// could write to and read from (docs/decisions/0023-terminals-of-its-own.md).
// Not here: the namespaces in which they are made (launch/wrapper/).
import { existsSync, fstatSync, readlinkSync, statSync } from 'node:fs';
import { isatty } from 'node:tty';
import { type MountEntry, parseMountinfo } from './table.ts';

/**
 * The terminal that the payload shares with its caller keeps a name there, as in containers. Where the machine has no
 * such path, as in a container without a terminal of its own, the terminal works without a name.
 */
export const consoleDevice = '/dev/console';

/** A mount over a terminal, or a directory of them, of the machine; only where the target exists. */
export type TerminalMount =
  | { readonly kind: 'bind'; readonly source: string; readonly target: string }
  /** A new instance of devpts. */
  | { readonly kind: 'new'; readonly target: string };

/**
 * What replaces the machine's terminals, in this order. `mountinfo` are the mounts of the machine, `caller` is the path
 * of the caller's terminal, null without one.
 */
export function terminalMounts(mountinfo: string, caller: string | null): TerminalMount[] {
  const elsewhere = distinct(parseMountinfo(mountinfo).filter(({ type }) => type === 'devpts'));
  const instances = elsewhere.filter(({ root }) => root === '/').map(({ point }) => point);
  const nodes = elsewhere.filter(({ root }) => root !== '/').map(({ point }) => point);
  const bind = (source: string, target: string) => ({ kind: 'bind', source, target }) as const;
  return [
    // first, while its path still leads to it
    ...(caller === null ? [] : [bind(caller, consoleDevice)]),
    ...[usual, ...instances.filter((point) => point !== usual)].map(
      (target) => ({ kind: 'new', target }) as const,
    ),
    // some container engines mount single terminals, and ptmx
    ...nodes
      .filter((point) => caller === null || point !== consoleDevice)
      .map((point) => bind(point.endsWith('/ptmx') ? newPtmx : '/dev/null', point)),
  ];
}

/** Commands of sh(1) that make the mounts with mount(8); each fails if it cannot. */
export function terminalCommands(mount: string, mounts: readonly TerminalMount[]): string[] {
  return mounts.map((entry) => {
    const target = quoted(entry.target);
    return entry.kind === 'new'
      ? `{ [ ! -d ${target} ] || ${mount} -n -i -t devpts -o ${options} devpts ${target}; }`
      : `{ [ ! -e ${target} ] || ${mount} -n --bind ${quoted(entry.source)} ${target}; }`;
  });
}

const usual = '/dev/pts';
const newPtmx = `${usual}/ptmx`;
/** As native/wrapper/mounts.c. mode: it is its user's, and may be written to by their group; ptmxmode: all may open one. */
const options = 'newinstance,ptmxmode=0666,mode=620,nosuid,noexec';

/** The path of the first of these descriptors that is a terminal; null: none is one that can keep a name. */
export function callerTerminal(stdio: readonly (number | 'ignore')[]): string | null {
  if (!existsSync(consoleDevice)) return null;
  const terminal = stdio.find((fd) => typeof fd === 'number' && isatty(fd));
  if (typeof terminal !== 'number') return null;
  return [linkOf(terminal), consoleDevice].find((path) => path !== null && isSame(terminal, path)) ?? null;
}

function linkOf(fd: number): string | null {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return null;
  }
}

/** In another sandbox the path may be that of another terminal. */
function isSame(fd: number, path: string): boolean {
  try {
    const [own, other] = [fstatSync(fd), statSync(path)];
    return own.dev === other.dev && own.ino === other.ino;
  } catch {
    return false;
  }
}

function distinct(entries: readonly MountEntry[]): MountEntry[] {
  return entries.filter(({ point }, index) => entries.findIndex((entry) => entry.point === point) === index);
}

/** A word of sh(1). */
export function quoted(word: string): string {
  return /^[\w/.-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
