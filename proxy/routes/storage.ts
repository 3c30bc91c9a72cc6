// Keeps the routes in a file (--storage-file), with when their users were last active, so that a proxy that
// was killed knows them again. Opt-in: JupyterHub expects a proxy that starts to know nothing.
// Routes to this machine are of one boot: after another one, anybody may listen on their ports.
// Not here: the routes themselves (table.ts).
import { readFile, rename, stat } from 'node:fs/promises';
import { PortwrapError } from '../../config/errors.ts';
import type { Logger } from '../../config/logger.ts';
import { writeAtomically } from '../../config/system/atomic-write.ts';
import { type Boot, isElsewhere, ownAddresses, readBoot } from './boot.ts';
import type { RouteData, RouteTable } from './table.ts';

export interface Storage {
  /** Every change that was made before the call is on the disk; or its failure is in the log. */
  flushed(): Promise<void>;
  /** Writes what is left to write. */
  close(): Promise<void>;
}

/** Restores the table from `file`, then follows it. */
export async function openStorage(
  table: RouteTable,
  file: string,
  log: Logger,
  boot: Boot = readBoot(),
): Promise<Storage> {
  const stored = await load(file, log);
  const usable = stored === undefined ? [] : await ofThisBoot(stored, file, boot, log);
  for (const { path, data, lastActivity } of usable) table.add(path, data, lastActivity);
  if (usable.length > 0) log.info(`Restored ${usable.length} routes from ${file}`);
  const writer = createWriter(table, file, boot, log);
  // Found out now, and not at the first route: whether the file can be written at all.
  await save(file, table, boot).catch((error: unknown) => {
    throw new PortwrapError('CONFIG_UNREADABLE', `cannot write ${file}: ${text(error)}`, { cause: error });
  });
  const unwatch = table.watch(() => writer.changed());
  const activity = setInterval(() => writer.changed(), activityInterval).unref();
  const close = async (): Promise<void> => {
    unwatch();
    clearInterval(activity);
    writer.changed();
    await writer.flushed();
  };
  return { flushed: () => writer.flushed(), close };
}

interface Stored {
  /** The boot in which it was written; undefined in a file of an earlier version. */
  readonly boot_id?: unknown;
  /** The addresses of the machine then: it may have others now, or none yet. */
  readonly addresses?: unknown;
  readonly routes: readonly StoredRoute[];
}

interface StoredRoute {
  readonly path: string;
  readonly data: RouteData;
  readonly lastActivity: number;
}

/** One write at a time; whatever changes during it is in the next one. */
function createWriter(table: RouteTable, file: string, boot: Boot, log: Logger) {
  /** Changes there were, and how many of them are written. */
  let changes = 0;
  let written = 0;
  let writing: Promise<void> | undefined;
  const write = async (): Promise<void> => {
    const these = changes;
    try {
      await save(file, table, boot);
    } catch (error) {
      log.error(`cannot write ${file}: ${text(error)}`);
    }
    written = these;
    writing = written < changes ? write() : undefined;
  };
  return {
    changed: (): void => {
      changes += 1;
      writing ??= write();
    },
    /** Changes that are made after the call are not waited for. */
    flushed: async (): Promise<void> => {
      const these = changes;
      while (written < these) await writing;
    },
  };
}

async function save(file: string, table: RouteTable, boot: Boot): Promise<void> {
  const routes: StoredRoute[] = [];
  for (const { path, data, lastActivity } of table.routes()) routes.push({ path, data, lastActivity });
  const stored = { version: 2, boot_id: boot.id, addresses: ownAddresses(), routes };
  await writeAtomically(file, `${JSON.stringify(stored)}\n`);
}

/** After another boot: the routes to other machines. Those to this one are added again by the hub and the service. */
async function ofThisBoot(
  stored: Stored,
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
async function load(file: string, log: Logger): Promise<Stored | undefined> {
  let content: string;
  try {
    content = await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new PortwrapError('CONFIG_UNREADABLE', `cannot read ${file}: ${text(error)}`, { cause: error });
  }
  try {
    const stored: unknown = JSON.parse(content);
    if (isStored(stored)) return stored;
  } catch {
    // Not JSON: put aside like everything else that is not ours.
  }
  await rename(file, `${file}.unreadable`);
  log.error(`${file} does not hold routes; it is now ${file}.unreadable`);
  return undefined;
}

function isStored(value: unknown): value is Stored {
  if (typeof value !== 'object' || value === null) return false;
  const { routes } = value as Partial<Stored>;
  return Array.isArray(routes) && routes.every(isStoredRoute);
}

function isStoredRoute(value: unknown): value is StoredRoute {
  if (typeof value !== 'object' || value === null) return false;
  const { path, data, lastActivity } = value as Partial<StoredRoute>;
  return typeof path === 'string' && typeof data?.target === 'string' && typeof lastActivity === 'number';
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Milliseconds: how much of a user's activity a kill may cost. */
const activityInterval = 30_000;
