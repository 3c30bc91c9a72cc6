// In which way groups for sandboxes can be had on this machine: version 1 hierarchies, a group that was delegated to
// us, or a scope of systemd. It only reads; the doctor asks the same. Who may write where follows systemd's "Control
// Group APIs and Delegation". Not here: making anything (root.ts, servers-scope.ts, scope.ts).
import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isWritable } from '../system/access.ts';
import { readFileOrNull } from '../system/read-file.ts';
import { type CgroupHierarchies, readHierarchies } from './hierarchies.ts';
import { type Controller, controllers } from './limits.ts';

export type CgroupWay =
  /** Groups are made below these directories, one for each controller. */
  | { readonly kind: 'v1'; readonly parents: Readonly<Partial<Record<Controller, string>>> }
  /** Groups are made below `directory`. `leaf`: we are in a group below it already; else we are its only process. */
  | { readonly kind: 'delegated'; readonly directory: string; readonly leaf: boolean }
  /** That systemd manager makes a scope for us, in which groups are made. */
  | { readonly kind: 'scope'; readonly manager: ScopeManager; readonly mount: string }
  | { readonly kind: 'none'; readonly hint: string };

export type ScopeManager = 'system' | 'user';

/** service: it stays in the group that systemd started it in. command: it lives as long as its one sandbox. */
export type CgroupRole = 'service' | 'command';

export interface CgroupSurroundings {
  readonly hierarchies: CgroupHierarchies;
  readonly uid: number;
  readonly pid: number;
  /** Is systemd the init system? */
  readonly systemd: boolean;
  /** Does the account have a systemd manager of its own? */
  readonly userManager: boolean;
}

export function cgroupSurroundings(): CgroupSurroundings {
  const uid = process.getuid?.() ?? -1;
  return {
    hierarchies: readHierarchies(),
    ...{ uid, pid: process.pid },
    systemd: existsSync('/run/systemd/system'), // sd_booted(3)
    userManager: existsSync(`/run/user/${uid}/systemd/private`),
  };
}

export function findCgroupWay(role: CgroupRole, around: CgroupSurroundings): CgroupWay {
  const { hierarchies, uid } = around;
  const { v1, v2 } = hierarchies;
  if (Object.keys(v1).length > 0) return version1(v1);
  if (v2 === null) return none('Mount the control group file system: mount -t cgroup2 none /sys/fs/cgroup');
  if (availableControllers(v2.mount).length === 0)
    return none('This kernel has no controller for control groups of version 2.');
  if (uid === 0 && around.systemd) return { kind: 'scope', manager: 'system', mount: v2.mount };
  if (uid !== 0 && role === 'command' && around.userManager)
    return { kind: 'scope', manager: 'user', mount: v2.mount };
  return delegated(around, v2) ?? none(hintFor(role, around));
}

/** The controllers that can be handed down from a group of version 2. */
export function availableControllers(directory: string): Controller[] {
  const named = (readFileOrNull(join(directory, 'cgroup.controllers')) ?? '').trim().split(' ');
  return controllers.filter((controller) => named.includes(controller));
}

/** What systemd calls the group of the unit's own processes, by DelegateSubgroup=; we use the same name. */
export const leafName = 'service';

function version1(own: CgroupHierarchies['v1']): CgroupWay {
  const parents = Object.fromEntries(Object.entries(own).filter(([, directory]) => isWritable(directory)));
  return Object.keys(parents).length > 0
    ? { kind: 'v1', parents }
    : none('Run the launcher as root, or delegate the control group hierarchies to its account.');
}

/**
 * A group is ours when nobody else's process is in it, and for an ordinary account when it owns it. The group of a
 * service is left as it is: once controllers are handed down in it, systemd cannot start the service in it again.
 */
function delegated(around: CgroupSurroundings, { mount, own }: { mount: string; own: string }) {
  const isOurs = (directory: string) =>
    isWritable(join(directory, 'cgroup.subtree_control')) &&
    (around.uid === 0 || ownerOf(directory) === around.uid);
  const parent = dirname(own);
  if (basename(own) === leafName && own !== mount && isOurs(parent) && processesIn(parent).length === 0)
    return { kind: 'delegated', directory: parent, leaf: true } as const;
  const isAlone = processesIn(own).every((pid) => pid === around.pid);
  // the root of the hierarchy may have processes and hand controllers down; it has no file cgroup.type
  const isRoot = own === mount && !existsSync(join(own, 'cgroup.type'));
  if ((around.systemd && own.endsWith('.service')) || !isOurs(own) || !(isAlone || isRoot)) return null;
  return { kind: 'delegated', directory: own, leaf: isRoot } as const;
}

function hintFor(role: CgroupRole, { uid }: CgroupSurroundings): string {
  if (role === 'service')
    return uid === 0
      ? 'Start the service in a control group of its own, with no other process in it.'
      : 'Add Delegate=yes and DelegateSubgroup=service to the unit of the service (systemd 254 or newer).';
  return uid === 0
    ? 'Start portwrap in a control group of its own, with no other process in it.'
    : 'Let systemd run a manager for this account: loginctl enable-linger';
}

function none(hint: string): CgroupWay {
  return { kind: 'none', hint };
}

function processesIn(directory: string): number[] {
  return (readFileOrNull(join(directory, 'cgroup.procs')) ?? '').split('\n').filter(Boolean).map(Number);
}

function ownerOf(directory: string): number | undefined {
  return statSync(directory, { throwIfNoEntry: false })?.uid;
}
