// Saves the activity of servers for a restart of the service: one file in the state directory for all servers.
// If it is lost, no server counts as idle. Not here: records (records/record.ts).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Logger } from '../../config/logger.ts';
import { writeAtomically } from '../../config/system/atomic-write.ts';
import type { StateDirectory } from '../records/state-directory.ts';
import { lastSeenSchema } from './last-seen.ts';

export const noteSchema = z.object({
  /** When it was first found ready. Times are in seconds on the monotonic clock of one boot. */
  startedAt: z.number(),
  /** Whether it has ever responded as a Jupyter server. Then only its own report counts. */
  isJupyter: z.boolean(),
  server: lastSeenSchema.nullable(),
  route: lastSeenSchema.nullable(),
  /** When a busy kernel or an open connection was last observed, if these count as activity. */
  heldAt: z.number().nullable(),
  warnedAt: z.number().nullable(),
});
export type Note = Readonly<z.infer<typeof noteSchema>>;

const fileSchema = z.object({ boot_id: z.string(), servers: z.record(z.string(), noteSchema) });

export interface Notes {
  /** The notes of this boot; empty when the file is missing, damaged or of another boot. */
  load(): ReadonlyMap<string, Note>;
  save(notes: ReadonlyMap<string, Note>): Promise<void>;
}

export function openNotes({ path }: Pick<StateDirectory, 'path'>, bootId: string, log: Logger): Notes {
  const file = join(path, 'activity.json');
  let isFailing = false;
  return {
    load() {
      try {
        const { boot_id, servers } = fileSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
        return new Map(boot_id === bootId ? Object.entries(servers) : []);
      } catch {
        return new Map();
      }
    },
    async save(notes) {
      try {
        const text = JSON.stringify({ boot_id: bootId, servers: Object.fromEntries(notes) });
        await writeAtomically(file, text);
        isFailing = false;
      } catch (error) {
        const reason = (error as Error).message;
        if (!isFailing) log.warn({ reason }, 'could not save the activity of servers; trying again');
        isFailing = true;
      }
    },
  };
}
