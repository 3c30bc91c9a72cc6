// Everything on the machine that a launch could leave behind or remove, as lines of text that are equal for equal
// things. It is taken in a world of the test's own (scripts/worlds.mjs), without other activity.
// Not here: what belongs to one test's directory (census.ts).
import { spawnSync } from 'node:child_process';
import { type Dirent, readdirSync, readFileSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { kindOf } from './tree.ts';

export const kinds = [
  'mounts',
  'processes',
  'sockets',
  'control groups',
  'rules',
  'keyrings',
  'shared memory and semaphores',
  'files',
] as const;
export type Kind = (typeof kinds)[number];
export type HostCensus = Readonly<Record<Kind, readonly string[]>>;

export function hostCensus(): HostCensus {
  return {
    rules: rules(), // first: it starts a process
    mounts: mounts(),
    processes: processes(),
    sockets: sockets(),
    'control groups': controlGroups(),
    keyrings: keyrings(),
    'shared memory and semaphores': systemV(),
    files: ['/tmp', '/run', '/dev/shm', '/dev/mqueue'].flatMap(filesBelow).sort(),
  };
}

/** The differences: "gone" and "new" lines of each kind; kinds without differences are omitted. */
export type Changes = Partial<Record<Kind, { readonly gone: string[]; readonly new: string[] }>>;

export function changes(before: HostCensus, after: HostCensus): Changes {
  const differing = kinds
    .map((kind) => {
      const [gone, added] = [without(before[kind], after[kind]), without(after[kind], before[kind])];
      return [kind, { gone, new: added }] as const;
    })
    .filter(([, { gone, new: added }]) => gone.length + added.length > 0);
  return Object.fromEntries(differing);
}

/** The multiset difference: lines of `list` minus lines of `other`. */
function without(list: readonly string[], other: readonly string[]): string[] {
  const left = [...other];
  return list.filter((line) => {
    const at = left.indexOf(line);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

/** Ours, and those of the world's first process, whose slave we may be. */
function mounts(): string[] {
  return ['self', '1'].flatMap((process) =>
    lines(`/proc/${process}/mountinfo`).map((line) => {
      const [before = '', after = ''] = line.split(' - ');
      const [, , , root, point, options, ...peers] = before.split(' ');
      const [type, source] = after.split(' ');
      return `${process}: ${type} ${source} ${root} on ${point} (${options}) ${propagation(peers)}`;
    }),
  );
}

/** mount_namespaces(7): the optional fields of mountinfo. Their numbers are irrelevant. */
function propagation(fields: readonly string[]): string {
  const names = fields.map((field) => field.split(':')[0]).filter((name) => name !== 'propagate_from');
  if (names.length === 0) return 'private';
  return names.map((name) => (name === 'master' ? 'slave' : name)).join(' and ');
}

const zombie = ' (a zombie)';
export const isZombie = (line: string) => line.includes(zombie);

/** Running processes and their groups; kernel threads have no arguments. */
function processes(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      const [, name = '', state = 'X'] = /\((.*)\) (\S)/s.exec(text(`/proc/${pid}/stat`)) ?? [];
      if (state === 'X') return '';
      const argv = text(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
      const groups = lines(`/proc/${pid}/cgroup`).map((line) => line.slice(line.indexOf(':') + 1));
      return `${pid} ${argv || name}${state === 'Z' ? zombie : ''} in ${groups.join(' ')}`;
    })
    .filter(Boolean);
}

const listening = '0A';
const listeningUnix = 0x10000;

/** Sockets that accept connections: listeners, bound UDP sockets, names of unix sockets, abstract ones ("@") too. */
function sockets(): string[] {
  const internet = ['tcp', 'tcp6', 'udp', 'udp6'].flatMap((protocol) =>
    lines(`/proc/net/${protocol}`)
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state]) => protocol.startsWith('udp') || state === listening)
      .map(([, address]) => `${protocol} ${address}`),
  );
  const unix = lines('/proc/net/unix')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , flags = '0', , , , path]) => path || Number.parseInt(flags, 16) & listeningUnix)
    .map(([, , , , type, , , path = 'without a name']) => `unix ${type} ${path}`);
  return [...internet, ...unix].sort();
}

/** Every group, and the controllers that it hands down (version 2). */
function controlGroups(): string[] {
  return hierarchies()
    .flatMap((point) => [point, ...directoriesBelow(point)])
    .map(describeGroup);
}

/** Removes the empty group of that name if it exists: a world has its own groups. */
export function removeControlGroups(name: string): void {
  for (const directory of hierarchies().map((point) => join(point, name))) {
    if (statSync(directory, { throwIfNoEntry: false }) !== undefined) rmdirSync(directory);
  }
}

/** Where they are mounted. */
function hierarchies(): string[] {
  return lines('/proc/self/mountinfo')
    .filter((line) => / - cgroup2? /.test(line))
    .map((line) => line.split(' ')[4] ?? '');
}

function describeGroup(directory: string): string {
  const enabled = text(join(directory, 'cgroup.subtree_control')).trim();
  return enabled === '' ? directory : `${directory} hands down ${enabled}`;
}

function directoriesBelow(directory: string): string[] {
  return entries(directory)
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => [join(directory, name), ...directoriesBelow(join(directory, name))]);
}

function rules(): string[] {
  const { stdout, stderr, status } = spawnSync('nft', ['list', 'ruleset'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`nft list ruleset: ${stderr}`);
  return stdout.split('\n').filter(Boolean);
}

/** Serial number, owner, type and description; proc_keys(5). Uses and times change by themselves. */
function keyrings(): string[] {
  return lines('/proc/keys').map((line) => {
    const [serial, , , , , uid, , type, ...description] = line.trim().split(/\s+/);
    return `${serial} of ${uid}: ${type} ${description.join(' ').replace(/: \d+$/, '')}`;
  });
}

function systemV(): string[] {
  return ['msg', 'sem', 'shm'].flatMap((kind) =>
    lines(`/proc/sysvipc/${kind}`)
      .slice(1)
      .map((line) => `${kind} ${line.trim().split(/\s+/).slice(0, 2).join(' ')}`),
  );
}

function filesBelow(directory: string): string[] {
  return entries(directory).flatMap((entry) => {
    const path = join(directory, entry.name);
    const found = statSync(path, { throwIfNoEntry: false });
    const line = `${path} ${((found?.mode ?? 0) & 0o7777).toString(8)} of ${found?.uid} ${kindOf(entry)}`;
    return [line, ...(entry.isDirectory() ? filesBelow(path) : [])];
  });
}

const lines = (path: string) => text(path).split('\n').filter(Boolean);

/** Entries that vanish during the check are omitted. */
function text(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function entries(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    return [];
  }
}
