// The limits of all sandboxes of a launcher together: on the parent of their groups, so the kernel counts them as one.
// Not here: the limits of one sandbox (cgroup.ts), the files (settings.ts).
import { readdirSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PortwrapError } from '../../config/errors.ts';
import { readFileOrNull } from '../system/read-file.ts';
import { readCgroupLimits } from './cgroup.ts';
import { neededControllers, type TotalLimits } from './limits.ts';
import type { CgroupPlace } from './place.ts';
import type { CgroupRoot } from './root.ts';
import { totalSettings } from './settings.ts';

/**
 * Sets them, or takes them away. Throws LIMITS_UNAVAILABLE, also while more memory is in use: the kernel would end
 * processes of servers that were started with a promise of more.
 */
export async function applyTotal(root: CgroupRoot, total: TotalLimits): Promise<void> {
  const needed = neededControllers(total);
  const missing = needed.filter((controller) => root.directories[controller] === undefined);
  if (missing.length > 0)
    throw refused(`they need control group controllers that are not available here: ${missing.join(', ')}`, {
      hint: root.hint,
    });
  const place = parentOf(root);
  if (place === null || (needed.length === 0 && !isLimited(place))) return;
  try {
    const used = total.memory === null ? null : memoryInUse(place);
    if (used !== null && used > (total.memory ?? 0))
      throw new Error(`the servers use ${Math.ceil(used / 2 ** 20)}M of memory`);
    if (root.version === 1) prepareVersion1(place, total);
    // not synchronous: while the kernel takes page cache back, which can take seconds, the service goes on
    for (const { file, value, optional } of totalSettings(place, total))
      if (!optional || readFileOrNull(file) !== null) await writeFile(file, value);
  } catch (cause) {
    throw refused((cause as Error).message, { cause, hint: again });
  }
}

const again =
  'Wait until servers have ended, or stop some, or raise "limits". It is tried again with the next start.';

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

/** Bytes that the kernel cannot take back: all but the page cache. Null: not known. */
function memoryInUse({ version, directories }: CgroupPlace): number | null {
  const read = (file: string) => readFileOrNull(join(directories.memory ?? directories.unified ?? '', file));
  const [usage, cache, shared] =
    version === 2
      ? (['memory.current', 'file', 'shmem'] as const)
      : (['memory.usage_in_bytes', 'total_cache', 'total_shmem'] as const);
  const stat = read('memory.stat');
  const used = Number(read(usage) ?? Number.NaN);
  const field = (name: string) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(stat ?? '')?.[1] ?? 0);
  // files in memory (tmpfs) are in the cache, and cannot be dropped
  return Number.isNaN(used) ? null : used - Math.max(0, field(cache) - field(shared));
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
