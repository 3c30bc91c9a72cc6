// The mounts that a process sees, /proc/PID/mountinfo (proc_pid_mountinfo(5)). Not here: their use.
import { readFileSync } from 'node:fs';

export interface MountEntry {
  /** The directory of the file system that is mounted there; "/" for all of it. */
  readonly root: string;
  readonly point: string;
  /** Of this mount, such as "rw" and "nosuid". */
  readonly options: readonly string[];
  readonly type: string;
  /** Of the file system; for control groups of version 1 the controllers are among them. */
  readonly superOptions: readonly string[];
}

/** The text of the table. Throws the error of the file system. */
export function readMountinfo(process: number | 'self'): string {
  return readFileSync(`/proc/${process}/mountinfo`, 'utf8');
}

/** The entries in the order in which they were mounted. */
export function parseMountinfo(text: string): MountEntry[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [before = '', after = ''] = line.split(' - ');
      const [, , , root = '/', point = '', options = ''] = before.split(' ');
      const [type = '', , superOptions = ''] = after.split(' ');
      return {
        root: unescaped(root),
        point: unescaped(point),
        options: options.split(','),
        type,
        superOptions: superOptions.split(','),
      };
    });
}

/** Spaces and the like are written as octal numbers. */
function unescaped(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
