// Keeps the routes in a file (--storage-file), with when their users were last active, so that a proxy that
// was killed knows them again. Opt-in: JupyterHub expects a proxy that starts to know nothing.
// Routes to this machine are of one boot: after another one, anybody may listen on their ports.
// Not here: the routes themselves (table.ts), the text of the file (stored-routes.ts).

import { readFile, rename, stat } from 'node:fs/promises';
import { PortwrapError } from '../../config/errors.ts';
import type { Logger } from '../../config/logger.ts';
import { writeAtomically } from '../../config/system/atomic-write.ts';
import { errorText } from '../../config/system/error-text.ts';
import { linkTarget } from '../../config/system/link-target.ts';
import { isOutage } from '../../config/system/outage.ts';
import { type Boot, isElsewhere, ownAddresses, readBoot } from './boot.ts';
import { readRoutes, type StoredRoute, type StoredRoutes, writeRoutes } from './stored-routes.ts';
import type { RouteTable } from './table.ts';

export interface Storage {
  /** Resolves when every change that was made before the call is on the disk; rejects with STORAGE_FAILED if it is not. */
  flushed(): Promise<void>;
  /** Writes what is left to write; a failure is in the log. */
  close(): Promise<void>;
}

/**
 * Restores the table from `file`, then follows it. Throws CONFIG_UNREADABLE for a file that can never be read or
 * written; with a full disk the routes are read, and the log says that they cannot be written.
 */
export async function openStorage(
  table: RouteTable,
  file: string,
  log: Logger,
  boot: Boot = readBoot(),
): Promise<Storage> {
  const stored = await load(file, log);
  const usable = stored === undefined ? [] : await ofThisBoot(stored, file, boot, log);
  for (const { path, data, lastActivity } of usable)
    table.add(path, data, Math.min(lastActivity, Date.now()));
  if (usable.length > 0) log.info(`Restored ${usable.length} routes from ${file}`);
  const writer = createWriter(table, file, boot, log);
  // Found out now, and not at the first route: whether the file can be written at all.
  writer.changed();
  await writer.flushed().catch(({ cause }: Error) => {
    if (isOutage(cause)) return;
    throw new PortwrapError('CONFIG_UNREADABLE', `cannot write ${file}: ${errorText(cause)}`, { cause });
  });
  const unwatch = table.watch(() => writer.changed());
  const activity = setInterval(() => writer.changed(), activityInterval).unref();
  const close = async (): Promise<void> => {
    unwatch();
    clearInterval(activity);
    writer.changed();
    await writer.flushed().catch(() => undefined);
  };
  return { flushed: () => writer.flushed(), close };
}

/** One write at a time; whatever changes during it is in the next one. */
function createWriter(table: RouteTable, file: string, boot: Boot, log: Logger) {
  /** Changes there were, and how many of them the last write knew. */
  let changes = 0;
  let attempted = 0;
  /** Why the last write failed. */
  let failure: unknown;
  let writing: Promise<void> | undefined;
  const write = async (): Promise<void> => {
    const these = changes;
    try {
      await writeAtomically(await linkTarget(file), writeRoutes(table, boot.id));
      if (failure !== undefined) log.warn(`${file} is written again, with all changes`);
      failure = undefined;
    } catch (error) {
      if (failure === undefined)
        log.error(
          `cannot write ${file}: ${errorText(error)}; until it can be written, the API refuses changes`,
        );
      failure = error;
    }
    attempted = these;
    writing = attempted < changes ? write() : undefined;
  };
  const changed = (): void => {
    changes += 1;
    writing ??= write();
  };
  return {
    changed,
    /** Changes that are made after the call are not waited for. After a failure, writes once more. */
    flushed: async (): Promise<void> => {
      if (failure !== undefined && writing === undefined) changed();
      const these = changes;
      while (attempted < these) await writing;
      if (failure === undefined) return;
      throw new PortwrapError('STORAGE_FAILED', `cannot write ${file}: ${errorText(failure)}`, {
        cause: failure,
      });
    },
  };
}

/** After another boot: the routes to other machines. Those to this one are added again by the hub and the service. */
async function ofThisBoot(
  stored: StoredRoutes,
  file: string,
  boot: Boot,
  log: Logger,
): Promise<readonly StoredRoute[]> {
  const { boot_id: id, addresses, routes } = stored;
  const isSameBoot = id === undefined ? (await stat(file)).mtimeMs >= boot.since : id === boot.id;
  if (isSameBoot) return routes;
  const before = Array.isArray(addresses) ? addresses.map(String) : [];
  const own = new Set([...ownAddresses(), ...before]);
  const kept = routes.filter(({ data }) => isElsewhere(data.target, own));
  const left = routes.length - kept.length;
  if (left > 0)
    log.warn(
      `${left} routes in ${file} are of an earlier boot and may lead to this machine, where other programs may have their ports now: they are not restored`,
    );
  return kept;
}

/** Undefined without a file. What is not as we write it is put aside, not lost; the hub fills the table again. */
async function load(file: string, log: Logger): Promise<StoredRoutes | undefined> {
  let content: string;
  try {
    content = await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new PortwrapError('CONFIG_UNREADABLE', `cannot read ${file}: ${errorText(error)}`, {
      cause: error,
    });
  }
  const stored = readRoutes(content);
  if (typeof stored !== 'string') return stored;
  const target = await linkTarget(file);
  const aside = `${target}.unreadable`;
  const how = await rename(target, aside).then(
    () => `it is now ${aside}`,
    (error: unknown) => `and it cannot be renamed to ${aside}: ${errorText(error)}`,
  );
  log.error(`${file} does not hold routes that can be used: ${stored}; ${how}`);
  return undefined;
}

/** Milliseconds: how much of a user's activity a kill may cost. */
const activityInterval = 30_000;
