// What lies around a service: control groups for limits, its state directory, how the hub listens.
// Not here: what a single launch needs (sandbox.ts, network.ts).
import { existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { missingControllers } from '../cgroups/limits.ts';
import { availableControllers, type CgroupWay, cgroupSurroundings, findCgroupWay } from '../cgroups/way.ts';
import { isOnEveryAddress, parseListeningSockets, readTcpTables } from '../system/tcp-table.ts';
import { type Check, failed, ok, type Patient, warning } from './check.ts';

export function checkSurroundings(patient: Patient): Check[] {
  const way = findCgroupWay('command', cgroupSurroundings());
  return [
    judgeCgroups(way, controllersOf(way)),
    judgeStateDirectory(patient.stateDirectory, fileSystemType(patient.stateDirectory)),
    judgeHub(patient.hubPort, readTcpTables('self')),
  ];
}

/** `usable` are the controllers that groups of this way can have. */
export function judgeCgroups(way: CgroupWay, usable: readonly string[]): Check {
  const name = 'control groups';
  const missing = missingControllers(usable);
  const why = 'Limits of these cannot be set on a sandbox.';
  if (way.kind === 'none') return warning(name, `${missing.join(', ')} cannot be used`, why, way.hint);
  const how = {
    v1: 'version 1',
    delegated: 'version 2, in a group of our own',
    scope: 'version 2, in scopes of systemd',
  }[way.kind];
  if (missing.length === 0) return ok(name, `${how}: ${usable.join(', ')}`);
  const fix =
    way.kind === 'v1'
      ? 'Mount these hierarchies, or boot with control groups of version 2.'
      : 'Enable these controllers in the group above, or in the kernel.';
  return warning(name, `${how}: ${missing.join(', ')} cannot be used`, why, fix);
}

function controllersOf(way: CgroupWay): string[] {
  switch (way.kind) {
    case 'v1':
      return Object.keys(way.parents);
    case 'delegated':
      return availableControllers(way.directory);
    case 'scope':
      return availableControllers(way.mount);
    case 'none':
      return [];
  }
}

/** `type` is statfs(2)'s f_type, null when it could not be learned. */
export function judgeStateDirectory(path: string, type: number | null): Check {
  const name = 'state directory';
  if (Buffer.byteLength(path) > longestPath) {
    const why = 'Sockets lie in it, and their paths end at 108 bytes.';
    return failed(
      name,
      `${path} is longer than ${longestPath} bytes`,
      why,
      'Choose a shorter one, like /run/portwrap.',
    );
  }
  if (type === tmpfs) return ok(name, `${path} is on tmpfs`);
  return warning(
    name,
    `${path} is not on tmpfs`,
    'What is in it means nothing after a boot, and a slow disk slows every launch.',
    'Choose one below /run; with systemd: RuntimeDirectory=portwrap',
  );
}

/** Room for our names below it, so that a socket's path stays under 108 bytes. */
const longestPath = 60;
/** TMPFS_MAGIC, statfs(2). */
const tmpfs = 0x01021994;

/** Of the nearest directory above that exists: the directory itself may not be made yet. */
function fileSystemType(path: string): number | null {
  for (let at = path; ; at = dirname(at)) {
    if (existsSync(at)) return statfsSync(at).type;
    if (at === dirname(at)) return null;
  }
}

/** `tables`: as readTcpTables() gives them. */
export function judgeHub(port: number, tables: string): Check {
  const sockets = parseListeningSockets(tables).filter((socket) => socket.port === port);
  if (!sockets.some(isOnEveryAddress)) return ok('hub', `port ${port} does not listen on all addresses`);
  return warning(
    'hub',
    `port ${port} listens on all addresses`,
    "The hub's API is for the sandboxes of this host; so the whole network can reach it.",
    "c.JupyterHub.hub_ip = '127.0.0.1' in jupyterhub_config.py",
  );
}
