// The process that launches, and what it hands down: pid 1 and its reaping, stray descriptors, open files.
// Not here: namespaces (sandbox.ts), control groups (cgroups.ts).
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { readStat } from '../process.ts';
import { type Check, failed, ok, warning } from './check.ts';

/** Called first, so that the same zombies after all other probes are those that nobody reaps. */
export function listZombies(): ReadonlySet<string> {
  const zombies = new Set<string>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = readStat(Number(entry));
    if (stat?.state === 'Z' && stat.parent === 1) zombies.add(`${entry}:${stat.startTime}`);
  }
  return zombies;
}

export function checkProcesses(zombiesBefore: ReadonlySet<string>): Check[] {
  const unreaped = [...listZombies()].filter((zombie) => zombiesBefore.has(zombie)).length;
  return [
    judgeInit(process.pid, unreaped),
    judgeDescriptors(inheritedDescriptors()),
    judgeOpenFiles(readFileSync('/proc/self/limits', 'utf8')),
  ];
}

const manyZombies = 64;

export function judgeInit(ownPid: number, unreaped: number): Check {
  const why = 'What is left of each sandbox belongs to pid 1, which must reap it; else the pids run out.';
  const fix = 'docker run --init …, or start with tini(1) as the first process';
  if (ownPid === 1) return failed('init', 'portwrap itself is pid 1', why, fix);
  // some reap every few seconds only; one that never does collects two for each sandbox
  if (unreaped >= manyZombies)
    return warning('init', `pid 1 leaves ${unreaped} ended processes unreaped`, why, fix);
  return ok('init', 'pid 1 reaps ended processes');
}

export interface InheritedDescriptor {
  readonly fd: number;
  readonly target: string;
}

export function judgeDescriptors(descriptors: readonly InheritedDescriptor[]): Check {
  if (descriptors.length === 0) return ok('descriptors', 'none inherited but the standard ones');
  const list = descriptors.map(({ fd, target }) => `${fd} (${target})`).join(', ');
  const closed = descriptors.map(({ fd }) => `${fd}>&-`).join(' ');
  return warning(
    'descriptors',
    `inherited: ${list}`,
    'Whoever started this process left them open; every child of it may inherit them.',
    `bash -c 'exec ${closed}; exec portwrap …', or start it from systemd`,
  );
}

/** Those that a child of ours would inherit: not marked close-on-exec, and not 0, 1, 2. */
function inheritedDescriptors(): InheritedDescriptor[] {
  const found: InheritedDescriptor[] = [];
  for (const fd of readdirSync('/proc/self/fd').map(Number)) {
    if (fd <= 2) continue;
    try {
      const flags = /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? '0';
      if ((Number.parseInt(flags, 8) & closeOnExec) !== 0) continue;
      found.push({ fd, target: readlinkSync(`/proc/self/fd/${fd}`) });
    } catch {
      // it was the one that read the directory
    }
  }
  return found;
}

/** O_CLOEXEC as fdinfo shows it (proc(5)). */
const closeOnExec = 0o2000000;

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
