// What setup has done, so that it can be taken back: /etc/portwrap-spawner/setup.json, for root only. An entry is written
// before its change is made, and taking back a change that was never made does nothing.
// Not here: taking it back (undo.ts).
import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { PortwrapError } from '../../../../config/errors.ts';
import { writeAtomically } from '../../../../config/system/atomic-write.ts';

const entrySchema = z.discriminatedUnion('kind', [
  /** A file that was not there. `digest` of what setup wrote: a file that was changed since then stays. */
  z.object({ kind: z.literal('file'), path: z.string(), digest: z.string().nullable() }),
  /** A file that was there: its copy, and the digest of what setup wrote. */
  z.object({ kind: z.literal('copy'), path: z.string(), copy: z.string(), digest: z.string() }),
  z.object({ kind: z.literal('directory'), path: z.string() }),
  z.object({ kind: z.literal('tree'), path: z.string() }),
  /** Restarted when its configuration is the old one again. */
  z.object({ kind: z.literal('hub'), unit: z.string() }),
  z.object({ kind: z.literal('command'), command: z.tuple([z.string()], z.string()), what: z.string() }),
]);

const journalSchema = z.object({ version: z.literal(1), entries: z.array(entrySchema) });

export type Entry = z.infer<typeof entrySchema>;

export interface Journal {
  readonly entries: readonly Entry[];
  add(entry: Entry): Promise<void>;
}

export const journalFile = '/etc/portwrap-spawner/setup.json';

/** Throws SETUP_REFUSED when the file is not what setup wrote. */
export function openJournal(path = journalFile): Journal {
  const entries: Entry[] = existsSync(path) ? readEntries(path) : [];
  return {
    entries,
    async add(entry) {
      const text = JSON.stringify(entry);
      if (entries.some((one) => JSON.stringify(one) === text)) return;
      entries.push(entry);
      await writeAtomically(path, `${JSON.stringify({ version: 1, entries }, null, 2)}\n`);
    },
  };
}

function readEntries(path: string): Entry[] {
  try {
    return journalSchema.parse(JSON.parse(readFileSync(path, 'utf8'))).entries;
  } catch (cause) {
    throw new PortwrapError('SETUP_REFUSED', `${path} cannot be read as the record of an earlier setup`, {
      hint: 'Move it away to go on; setup --undo then does not know of earlier changes.',
      cause,
    });
  }
}
