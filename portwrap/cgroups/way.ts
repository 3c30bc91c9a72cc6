// Finds out how groups for sandboxes can be created on this machine: in version 1 hierarchies, in a group that is
// delegated to us, or in a systemd scope. Read-only; also used by the doctor. Follows systemd's "Control Group APIs and
// Delegation". Not here: creating groups (root.ts, servers-scope.ts, scope.ts).
import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isWritable } from '../system/access.ts';
import { readFileOrNull } from '../system/read-file.ts';
import { type CgroupHierarchies, readHierarchies } from './hierarchies.ts';
import { type Controller, controllers } from './limits.ts';

export type CgroupWay =
  /** Groups are created below these directories, one for each controller. */
  | { readonly kind: 'v1'; readonly parents: Readonly<Partial<Record<Controller, string>>> }
  /** Groups are created below `directory`. `leaf`: we are in a child of it already; otherwise we are its only process. */
  | { readonly kind: 'delegated'; readonly directory: string; readonly leaf: boolean }
  /** That systemd manager creates a scope for us, in which groups are created. */
  | { readonly kind: 'scope'; readonly manager: ScopeManager; readonly mount: string }
  | { readonly kind: 'none'; readonly hint: string };

export type ScopeManager = 'system' | 'user';

/** service: stays in the group in which systemd started it. command: runs as long as its one sandbox. */
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

/** The controllers that a version 2 group can enable for its children. */
export function availableControllers(directory: string): Controller[] {
  const named = (readFileOrNull(join(directory, 'cgroup.controllers')) ?? '').trim().split(' ');
  return controllers.filter((controller) => named.includes(controller));
}

/** The group of a unit's own processes (DelegateSubgroup=); we use the same name without systemd. */
export const leafName = 'service';

function version1(own: CgroupHierarchies['v1']): CgroupWay {
  const parents = Object.fromEntries(Object.entries(own).filter(([, directory]) => isWritable(directory)));
  return Object.keys(parents).length > 0
    ? { kind: 'v1', parents }
    : none('Run the launcher as root, or delegate the control group hierarchies to its account.');
}

/**
 * A group is ours if it contains no other process, and, for an ordinary account, if the account owns it. The group of a
 * systemd service is not used: systemd cannot restart a service in a group that delegates controllers.
 */
function delegated(around: CgroupSurroundings, { mount, own }: { mount: string; own: string }) {
  const isOurs = (directory: string) =>
    isWritable(join(directory, 'cgroup.subtree_control')) &&
    (around.uid === 0 || ownerOf(directory) === around.uid);
  const parent = dirname(own);
  if (basename(own) === leafName && own !== mount && isOurs(parent) && processesIn(parent).length === 0)
    return { kind: 'delegated', directory: parent, leaf: true } as const;
  const isAlone = processesIn(own).every((pid) => pid === around.pid);
  // only the root of the hierarchy may both contain processes and delegate controllers; it has no file cgroup.type
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
