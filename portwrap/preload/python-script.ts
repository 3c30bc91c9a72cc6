// Whether a command is a script of Python, and with which argv the kernel runs it: only such a command can be forked from
// a process that has imported its modules. Not here: whether the files may be trusted (trusted.ts).
import { closeSync, openSync, readSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isExecutable } from '../system/access.ts';

export interface PythonScript {
  /** As the kernel makes it: interpreter, its option if there is one, script, arguments. */
  readonly argv: readonly string[];
  /** The index of the script in `argv`; before it are the interpreter and its option. */
  readonly script: number;
  /** The path of the interpreter; argv[0] may be a name only. */
  readonly interpreter: string;
}

/** A sentence says why `command`, searched for in the directories of `path`, is none. */
export function pythonScript(command: readonly string[], path: string): PythonScript | string {
  const [program = '', ...rest] = command;
  const script = findProgram(program, path);
  if (script === null) return `there is no program ${program} in ${path}`;
  const line = /^#!([^\n]*)\n/.exec(firstBytes(script))?.[1]?.trim();
  if (line === undefined) return `${script} is not a script`;
  const [, named = '', option = ''] = /^(\S+)\s*(.*)$/.exec(line) ?? [];
  const byName = named === '/usr/bin/env';
  const interpreter = byName ? findProgram(option, path) : named;
  if (interpreter === null || !isPython(interpreter)) return `${script} is not a script of Python: #!${line}`;
  const before = byName ? [option] : [interpreter, ...(option === '' ? [] : [option])];
  return { argv: [...before, script, ...rest], script: before.length, interpreter };
}

const isPython = (path: string) => /^python\d*(\.\d+)?$/.test(basename(path));

function findProgram(name: string, path: string): string | null {
  if (name.includes('/')) return name.startsWith('/') && isExecutable(name) ? name : null;
  const candidates = path.split(':').filter((directory) => directory.startsWith('/'));
  return candidates.map((directory) => join(directory, name)).find(isExecutable) ?? null;
}

/** execve(2) reads no more of the line. */
const longestLine = 256;

function firstBytes(path: string): string {
  const buffer = Buffer.alloc(longestLine);
  try {
    const file = openSync(path, 'r');
    try {
      return buffer.toString('latin1', 0, readSync(file, buffer));
    } finally {
      closeSync(file);
    }
  } catch {
    return ''; // only its owner may read it
  }
}
