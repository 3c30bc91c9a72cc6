// The records on disk: one JSON file per incarnation of a server, written atomically. Not here: when.
import { type FileHandle, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../config/logger.ts';
import { recordSchema, type ServerRecord } from './record.ts';

export interface Records {
  /** All records there are; a damaged file is reported and left where it is. */
  load(): Promise<ServerRecord[]>;
  /** On disk when it resolves. Saves of one record happen in the order they were asked for. */
  save(record: ServerRecord): Promise<void>;
  remove(id: string): Promise<void>;
}

export function openRecords(directory: string, log: Logger): Records {
  const last = new Map<string, Promise<void>>();
  const inOrder = (id: string, work: () => Promise<void>): Promise<void> => {
    const turn = (last.get(id) ?? Promise.resolve()).then(work, work);
    last.set(id, turn);
    const forget = () => {
      if (last.get(id) === turn) last.delete(id);
    };
    turn.then(forget, forget);
    return turn;
  };
  const fileOf = (id: string) => join(directory, `${id}.json`);
  return {
    load: () => loadAll(directory, log),
    save: (record) => inOrder(record.id, () => writeAtomically(fileOf(record.id), JSON.stringify(record))),
    remove: (id) => inOrder(id, () => rm(fileOf(id), { force: true })),
  };
}

async function loadAll(directory: string, log: Logger): Promise<ServerRecord[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.json'));
  const records = await Promise.all(
    names.map(async (name) => {
      try {
        return recordSchema.parse(JSON.parse(await readFile(join(directory, name), 'utf8')));
      } catch (error) {
        log.error({ file: name, error: String(error) }, 'a damaged record was left alone');
        return null;
      }
    }),
  );
  return records.filter((record) => record !== null);
}

/** A reader, or a reader after a crash, sees the old text or the new one, never a part. */
async function writeAtomically(path: string, text: string): Promise<void> {
  const next = `${path}.next`;
  const file: FileHandle = await open(next, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(next, path);
}
