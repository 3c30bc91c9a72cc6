// Was this process started by nohup(1)? Node gives every signal its default action before the first line of a program
// runs, so that it cannot see that SIGHUP was ignored. Not here: what is ignored then (run.ts).
import { fstatSync } from 'node:fs';
import { basename } from 'node:path';
import { readFileOrNull } from '../system/read-file.ts';

/**
 * nohup puts /dev/null, opened for writing only, in the place of a terminal as standard input, as no other program
 * does. Where there was no terminal, the shell has named the program that it started: bash, ksh and zsh do in "_".
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
