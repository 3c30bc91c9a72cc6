// Keeps the routes in a file (--storage-file), with when their users were last active, so that a proxy that
// was killed knows them again. Opt-in: JupyterHub expects a proxy that starts to know nothing.
// Not here: the routes themselves (table.ts).
import { readFile, rename } from 'node:fs/promises';
import { PortwrapError } from '../../config/errors.ts';
import type { Logger } from '../../config/logger.ts';
import { writeAtomically } from '../../config/system/atomic-write.ts';
import type { RouteData, RouteTable } from './table.ts';

export interface Storage {
  /** Every change that was made before the call is on the disk; or its failure is in the log. */
  settled(): Promise<void>;
  /** Writes what is left to write. */
  close(): Promise<void>;
}

/** Restores the table from `file`, then follows it. */
export async function openStorage(table: RouteTable, file: string, log: Logger): Promise<Storage> {
  const stored = await load(file, log);
  for (const { path, data, lastActivity } of stored) table.add(path, data, lastActivity);
  if (stored.length > 0) log.info(`Restored ${stored.length} routes from ${file}`);
  const writer = createWriter(table, file, log);
  // Found out now, and not at the first route: whether the file can be written at all.
  await save(file, table).catch((error: unknown) => {
    throw new PortwrapError('CONFIG_UNREADABLE', `cannot write ${file}: ${text(error)}`, { cause: error });
  });
  const unwatch = table.watch(() => writer.changed());
  const activity = setInterval(() => writer.changed(), activityInterval).unref();
  const close = async (): Promise<void> => {
    unwatch();
    clearInterval(activity);
    writer.changed();
    await writer.settled();
  };
  return { settled: () => writer.settled(), close };
}

interface StoredRoute {
  readonly path: string;
  readonly data: RouteData;
  readonly lastActivity: number;
}

/** One write at a time; whatever changes during it is in the next one. */
function createWriter(table: RouteTable, file: string, log: Logger) {
  /** Changes there were, and how many of them are written. */
  let changes = 0;
  let written = 0;
  let writing: Promise<void> | undefined;
  const write = async (): Promise<void> => {
    const these = changes;
    try {
      await save(file, table);
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
    settled: async (): Promise<void> => {
      const these = changes;
      while (written < these) await writing;
    },
  };
}

async function save(file: string, table: RouteTable): Promise<void> {
  const routes: StoredRoute[] = [];
  for (const { path, data, lastActivity } of table.routes()) routes.push({ path, data, lastActivity });
  await writeAtomically(file, `${JSON.stringify({ version: 1, routes })}\n`);
}

/** What is not as we write it is put aside, not lost; the hub fills the table again. */
async function load(file: string, log: Logger): Promise<readonly StoredRoute[]> {
  let content: string;
  try {
    content = await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw new PortwrapError('CONFIG_UNREADABLE', `cannot read ${file}: ${text(error)}`, { cause: error });
  }
  try {
    const { routes }: { routes: unknown } = JSON.parse(content);
    if (Array.isArray(routes) && routes.every(isStoredRoute)) return routes;
  } catch {
    // Not JSON: put aside like everything else that is not ours.
  }
  await rename(file, `${file}.unreadable`);
  log.error(`${file} does not hold routes; it is now ${file}.unreadable`);
  return [];
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
