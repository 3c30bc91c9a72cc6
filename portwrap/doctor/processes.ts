// Checks the launching process and what its children inherit: pid 1 and its reaping, stray descriptors, open files.
// Not here: namespaces (sandbox.ts), control groups (cgroups.ts).
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { strayDescriptors } from '../system/inherited-descriptors.ts';
import { readStat } from '../system/process.ts';
import { type Check, failed, ok, warning } from './check.ts';

/** Collected before any other probe: a launch closes stray descriptors, and leaves zombies. */
export interface InitialState {
  readonly zombies: ReadonlySet<string>;
  readonly descriptors: readonly InheritedDescriptor[];
}

export interface InheritedDescriptor {
  readonly fd: number;
  readonly target: string;
}

export function collectInitialState(): InitialState {
  const descriptors = strayDescriptors().map((fd) => ({ fd, target: readlinkSync(`/proc/self/fd/${fd}`) }));
  return { zombies: listZombies(), descriptors };
}

/** Zombies that still exist after all other probes are not being reaped. */
export function checkProcesses(first: InitialState): Check[] {
  const unreaped = [...listZombies()].filter((zombie) => first.zombies.has(zombie)).length;
  return [
    evaluateInit(process.pid, unreaped),
    evaluateDescriptors(first.descriptors),
    evaluateOpenFiles(readFileSync('/proc/self/limits', 'utf8')),
  ];
}

function listZombies(): ReadonlySet<string> {
  const zombies = new Set<string>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = readStat(Number(entry));
    if (stat?.state === 'Z' && stat.parent === 1) zombies.add(`${entry}:${stat.startTime}`);
  }
  return zombies;
}

/** Without reaping, each sandbox leaves two zombies; some init programs reap only every few seconds. */
const manyZombies = 64;

export function evaluateInit(ownPid: number, unreaped: number): Check {
  const why = 'Each sandbox leaves processes that pid 1 must reap; otherwise the machine runs out of pids.';
  const fix = 'docker run --init …, or start with tini(1) as the first process';
  if (ownPid === 1) return failed('init', 'portwrap itself is pid 1', why, fix);
  if (unreaped >= manyZombies)
    return warning('init', `pid 1 has not reaped ${unreaped} zombie processes`, why, fix);
  return ok('init', 'pid 1 reaps ended processes');
}

export function evaluateDescriptors(descriptors: readonly InheritedDescriptor[]): Check {
  if (descriptors.length === 0) return ok('descriptors', 'only the standard ones are inherited');
  const list = descriptors.map(({ fd, target }) => `${fd} (${target})`).join(', ');
  const closed = descriptors.map(({ fd }) => `${fd}>&-`).join(' ');
  return warning(
    'descriptors',
    `inherited: ${list}`,
    'The parent process left them open. A launch closes them; other child processes would inherit them.',
    `bash -c 'exec ${closed}; exec portwrap …', or start it from systemd`,
  );
}

/** `limits` is /proc/self/limits. A sandbox costs its launcher some 11 descriptors. */
export function evaluateOpenFiles(limits: string): Check {
  const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(limits)?.[1] ?? 'unlimited';
  if (hard === 'unlimited' || Number(hard) >= 4096) return ok('open files', `at most ${hard}`);
  const room = Math.max(0, Math.floor((Number(hard) - 500) / 11));
  return warning(
    'open files',
    `at most ${hard}`,
    `This is enough for about ${room} sandboxes of one service.`,
    'LimitNOFILE=65536 in the systemd unit, or ulimit -Hn 65536 as root',
  );
}
