// Detects whether nohup(1) started this process. Node resets every signal to its default action before the first line
// of a program runs, so the program cannot see that SIGHUP was ignored. Not here: ignoring SIGHUP (run.ts).
import { fstatSync } from 'node:fs';
import { basename } from 'node:path';
import { readFileOrNull } from '../system/read-file.ts';

/**
 * nohup replaces a terminal as standard input by /dev/null, opened for writing only; no other program does this.
 * Without a terminal, the variable "_" of bash, ksh and zsh names the program that the shell started.
 */
export function startedByNohup(environment: Readonly<Record<string, string>>): boolean {
  return basename(environment._ ?? '') === 'nohup' || isNullForWriting();
}

function isNullForWriting(): boolean {
  const flags = /^flags:\s*([0-7]+)$/m.exec(readFileOrNull('/proc/self/fdinfo/0') ?? '')?.[1];
  if (flags === undefined || (Number.parseInt(flags, 8) & 0o3) !== 1) return false;
  const { rdev } = fstatSync(0);
  return rdev === 0x103; // 1, 3: null (linux/Documentation/admin-guide/devices.txt)
}
