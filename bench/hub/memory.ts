// The memory of servers of users, and of the fork server for what they share with it, as the kernel counts it.
// Not here: starting and using servers.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { python } from './subjects.ts';

/** Megabytes. */
export interface Memory {
  /** What only the servers have, without the fork server's. */
  readonly private: number;
  /** Proportional set size: a page that n processes share counts 1/n for each. The fork server is included. */
  readonly pss: number;
}

/** Of all servers whose homes, or logs, are below `directory`. */
export function memoryOf(directory: string): Memory {
  let memory = { private: 0, pss: 0 };
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      if (!/python\S*\0.*(singleuser\0|portwrap_preload)/.test(words)) continue;
      const places = [readFileSync(`/proc/${pid}/environ`, 'utf8'), readlinkSync(`/proc/${pid}/fd/1`)];
      if (!places.some((place) => place.includes(directory))) continue;
      const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
      const of = (name: string) =>
        Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(rollup)?.[1] ?? 0) / 1024;
      const own = of('Private_Clean') + of('Private_Dirty');
      memory = {
        private: memory.private + (words.includes('portwrap_preload') ? 0 : own),
        pss: memory.pss + of('Pss'),
      };
    } catch {} // it has ended
  }
  if (memory.private === 0)
    throw new Error(`no server of ${python} is found in /proc: its memory is not measured`);
  return memory;
}
