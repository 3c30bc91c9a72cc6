// The limits of all sandboxes of a launcher together: on the parent of their groups, so the kernel counts them as one.
// Not here: the limits of one sandbox (cgroup.ts), the files (settings.ts).
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PortwrapError } from '../../config/errors.ts';
import { readFileOrNull } from '../system/read-file.ts';
import { applySettings, readCgroupLimits } from './cgroup.ts';
import { neededControllers, type TotalLimits } from './limits.ts';
import type { CgroupPlace } from './place.ts';
import type { CgroupRoot } from './root.ts';
import { totalSettings } from './settings.ts';

/** Sets them, or takes them away. Throws LIMITS_UNAVAILABLE, for instance while more memory is in use. */
export function applyTotal(root: CgroupRoot, total: TotalLimits): void {
  const needed = neededControllers(total);
  const missing = needed.filter((controller) => root.directories[controller] === undefined);
  if (missing.length > 0)
    throw refused(`they need control group controllers that are not available here: ${missing.join(', ')}`, {
      hint: root.hint,
    });
  const place = parentOf(root);
  if (place === null || (needed.length === 0 && !isLimited(place))) return;
  try {
    if (root.version === 1) prepareVersion1(place, total);
    applySettings(totalSettings(place, total));
  } catch (cause) {
    throw refused((cause as Error).message, { cause, hint: inUse });
  }
}

const inUse = 'Do the running servers use more than "limits" allows? It is tried again with the next start.';

function refused(why: string, details: { hint: string; cause?: unknown }): PortwrapError {
  return new PortwrapError(
    'LIMITS_UNAVAILABLE',
    `the limits of all servers together cannot be set: ${why}`,
    details,
  );
}

/** Null: there is no group at all. */
function parentOf({ version, directories }: CgroupRoot): CgroupPlace | null {
  const [first] = Object.values(directories);
  if (first === undefined) return null;
  return { version, directories: version === 2 ? { unified: first } : directories };
}

/** An earlier service may have set limits that the configuration no longer has. */
function isLimited(place: CgroupPlace): boolean {
  const { memory, cpus } = readCgroupLimits(place);
  const { pids, unified } = place.directories;
  const processes = readFileOrNull(join(pids ?? unified ?? '', 'pids.max'))?.trim() ?? 'max';
  return memory !== null || cpus !== null || processes !== 'max';
}

/**
 * Before Linux 5.11 a group of version 1 counts the memory of those below it only if it is told to, while it has none.
 * The CPU time of a group must not be more than that of its parent: the kernel would refuse the parent's.
 */
function prepareVersion1({ directories }: CgroupPlace, { memory, cpus }: TotalLimits): void {
  const hierarchy = join(directories.memory ?? '', 'memory.use_hierarchy');
  if (memory !== null && readFileOrNull(hierarchy)?.trim() === '0') writeFileSync(hierarchy, '1');
  if (cpus === null || directories.cpu === undefined) return;
  for (const entry of readdirSync(directories.cpu, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const directory = join(directories.cpu, entry.name);
    const own = readCgroupLimits({ version: 1, directories: { cpu: directory } }).cpus;
    if (own === null || own <= cpus) continue;
    const period = Number(readFileOrNull(join(directory, 'cpu.cfs_period_us')));
    writeFileSync(join(directory, 'cpu.cfs_quota_us'), String(Math.max(1000, Math.floor(cpus * period))));
  }
}
