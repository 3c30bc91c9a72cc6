// The process that launches, and what it hands down: pid 1 and its reaping, stray descriptors, open files.
// Not here: namespaces (sandbox.ts), control groups (cgroups.ts).
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { strayDescriptors } from '../system/inherited-descriptors.ts';
import { readStat } from '../system/process.ts';
import { type Check, failed, ok, warning } from './check.ts';

/** What must be looked at before any other probe: a launch closes stray descriptors, and leaves zombies. */
export interface FirstLook {
  readonly zombies: ReadonlySet<string>;
  readonly descriptors: readonly InheritedDescriptor[];
}

export interface InheritedDescriptor {
  readonly fd: number;
  readonly target: string;
}

export function lookFirst(): FirstLook {
  const descriptors = strayDescriptors().map((fd) => ({ fd, target: readlinkSync(`/proc/self/fd/${fd}`) }));
  return { zombies: listZombies(), descriptors };
}

/** Those that are zombies still after all other probes are not being reaped. */
export function checkProcesses(first: FirstLook): Check[] {
  const unreaped = [...listZombies()].filter((zombie) => first.zombies.has(zombie)).length;
  return [
    judgeInit(process.pid, unreaped),
    judgeDescriptors(first.descriptors),
    judgeOpenFiles(readFileSync('/proc/self/limits', 'utf8')),
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

/** An init that never reaps collects two for each sandbox; some reap every few seconds only. */
const manyZombies = 64;

export function judgeInit(ownPid: number, unreaped: number): Check {
  const why = 'What is left of each sandbox belongs to pid 1, which must reap it; else the pids run out.';
  const fix = 'docker run --init …, or start with tini(1) as the first process';
  if (ownPid === 1) return failed('init', 'portwrap itself is pid 1', why, fix);
  if (unreaped >= manyZombies)
    return warning('init', `pid 1 leaves ${unreaped} ended processes unreaped`, why, fix);
  return ok('init', 'pid 1 reaps ended processes');
}

export function judgeDescriptors(descriptors: readonly InheritedDescriptor[]): Check {
  if (descriptors.length === 0) return ok('descriptors', 'none inherited but the standard ones');
  const list = descriptors.map(({ fd, target }) => `${fd} (${target})`).join(', ');
  const closed = descriptors.map(({ fd }) => `${fd}>&-`).join(' ');
  return warning(
    'descriptors',
    `inherited: ${list}`,
    'Whoever started this left them open. A launch closes them; other children would inherit them.',
    `bash -c 'exec ${closed}; exec portwrap …', or start it from systemd`,
  );
}

/** `limits` is /proc/self/limits. A sandbox costs its launcher some 11 descriptors. */
export function judgeOpenFiles(limits: string): Check {
  const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(limits)?.[1] ?? 'unlimited';
  if (hard === 'unlimited' || Number(hard) >= 4096) return ok('open files', `at most ${hard}`);
  const room = Math.max(0, Math.floor((Number(hard) - 500) / 11));
  return warning(
    'open files',
    `at most ${hard}`,
    `It is enough for about ${room} sandboxes under one service.`,
    'LimitNOFILE=65536 in the systemd unit, or ulimit -Hn 65536 as root',
  );
}
