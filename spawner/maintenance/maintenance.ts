// Whether servers may be started now, as an administrator has decided: kept in the state directory, so that a restart
// of the service changes nothing. Not here: ending servers (end-servers.ts), the command (commands/maintenance.ts).
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { PortwrapError } from '../../config/errors.ts';
import type { Logger } from '../../config/logger.ts';
import { writeAtomically } from '../../config/system/atomic-write.ts';
import { storageFailure } from '../system/storage-failure.ts';

const time = z.iso.datetime();

/** What an administrator asks for. */
export const maintenanceRequest = z.strictObject({
  message: z.string().trim().min(1).max(500).meta({ description: 'What users read, as one sentence.' }),
  starts_at: time.nullable().default(null).meta({
    description: 'From when on no server can be started. null: from now on.',
  }),
  stop_servers_at: time.nullable().default(null).meta({
    description: 'When the servers that run are asked to end. null: they go on.',
  }),
});
export type MaintenanceRequest = z.infer<typeof maintenanceRequest>;

export const maintenanceView = z.object({
  /** off: nothing is planned. planned: it begins at starts_at. on: no server can be started. */
  state: z.enum(['off', 'planned', 'on']),
  message: z.string().nullable(),
  starts_at: time.nullable(),
  stop_servers_at: time.nullable(),
});
export type MaintenanceView = Readonly<z.infer<typeof maintenanceView>>;

export interface Maintenance {
  view(): MaintenanceView;
  /** Throws MAINTENANCE while it is on. `server` is as user or user/name. */
  check(server: string): void;
  /** Settles when it is on disk. Rejects with STORAGE_FAILED, and then nothing has changed. */
  begin(request: MaintenanceRequest): Promise<void>;
  /** The same. */
  end(): Promise<void>;
  /** Calls `listen` after every change. */
  onChange(listen: () => void): void;
}

const recorded = maintenanceRequest.extend({ starts_at: time });
type Recorded = Readonly<z.infer<typeof recorded>>;

/** A file that cannot be read counts as no maintenance, and is logged. */
export function openMaintenance(directory: string, log: Logger, now: () => number = Date.now): Maintenance {
  const file = join(directory, 'maintenance.json');
  let current = read(file, log);
  const listeners: (() => void)[] = [];
  let writing: Promise<unknown> = Promise.resolve();

  /** One write after the other. */
  const change = (next: Recorded | null): Promise<void> => {
    const written = writing.then(() => write(file, next));
    writing = written.catch(() => {});
    return written.then(() => {
      current = next;
      for (const listen of listeners) listen();
    });
  };
  const isOn = () => current !== null && Date.parse(current.starts_at) <= now();
  return {
    view: () => (current === null ? off : { state: isOn() ? 'on' : 'planned', ...current }),
    check(server) {
      if (current === null || !isOn()) return;
      throw new PortwrapError(
        'MAINTENANCE',
        `no servers are started during maintenance: ${current.message}`,
        {
          server,
        },
      );
    },
    async begin(request) {
      const planned = { ...request, starts_at: request.starts_at ?? new Date(now()).toISOString() };
      await change(planned);
      log.warn(planned, 'maintenance: no servers are started from starts_at on');
    },
    async end() {
      if (current === null) return;
      await change(null);
      log.warn('maintenance is over: servers are started again');
    },
    onChange: (listen) => void listeners.push(listen),
  };
}

const off: MaintenanceView = { state: 'off', message: null, starts_at: null, stop_servers_at: null };

function read(file: string, log: Logger): Recorded | null {
  try {
    return recorded.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      log.error({ err: error, file }, 'the maintenance cannot be read: servers are started');
    return null;
  }
}

async function write(file: string, next: Recorded | null): Promise<void> {
  try {
    if (next === null) await rm(file, { force: true });
    else await writeAtomically(file, JSON.stringify(next));
  } catch (cause) {
    throw storageFailure(cause, 'the maintenance could not be saved', file);
  }
}
