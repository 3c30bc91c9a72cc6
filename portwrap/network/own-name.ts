// The name of this host inside a sandbox. Programs look it up to learn an address to listen on (Spark, Dask, MPI), and the
// host's own addresses do not exist inside. Not here: other names (resolver-inside.ts).
import { realpathSync } from 'node:fs';
import { hostname } from 'node:os';
import { readFileOrNull } from '../system/read-file.ts';

/** The file that /etc/hosts leads to, with an entry for this host's name added; nothing where none is needed. */
export function hostsFile(): { path: string; content: string }[] {
  const hosts = readFileOrNull('/etc/hosts');
  if (hosts === null) return [];
  const content = withOwnName(hosts, hostname(), readFileOrNull('/etc/nsswitch.conf') ?? '');
  return content === null ? [] : [{ path: realpathSync('/etc/hosts'), content }];
}

/** Null when the name already leads to the loopback, or when nss-myhostname(8) gives an address of the sandbox. */
export function withOwnName(hosts: string, name: string, nsswitch: string): string | null {
  const isOwn = (word: string) => word.toLowerCase() === name.toLowerCase();
  const first = hosts
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim().split(/\s+/))
    .find(([address = '', ...names]) => address.includes('.') && names.some(isOwn));
  if (first?.[0]?.startsWith('127.')) return null;
  if (first === undefined && /^hosts:.*\bmyhostname\b/m.test(nsswitch)) return null;
  const [short = name] = name.split('.');
  // the address that Debian gives the name
  return `127.0.1.1\t${[...new Set([name, short])].join(' ')}\n${hosts}`;
}
