// The records on disk: one JSON file per incarnation of a server, written atomically. Not here: when.
import { type FileHandle, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../config/logger.ts';
import { recordSchema, type ServerRecord } from './record.ts';

export interface Records {
  /** All records there are; a damaged or foreign file is reported and left where it is. */
  load(): Promise<LoadedRecords>;
  /** On disk when it resolves. Saves of one record happen in the order they were asked for. */
  save(record: ServerRecord): Promise<void>;
  remove(id: string): Promise<void>;
}

export interface LoadedRecords {
  readonly sound: readonly ServerRecord[];
  /** Names (without .json) of files that are no records of ours: nothing of theirs may be touched. */
  readonly damaged: readonly string[];
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

async function loadAll(directory: string, log: Logger): Promise<LoadedRecords> {
  const names = await readdir(directory);
  const ids = names.filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -'.json'.length));
  // a write that was interrupted: the old text, or none, is what counts
  const unfinished = names.filter((name) => /^[0-9a-f]{12}\.json\.next$/.test(name));
  for (const name of unfinished) await rm(join(directory, name), { force: true });
  const sound: ServerRecord[] = [];
  const damaged: string[] = [];
  for (const id of ids) {
    try {
      const record = recordSchema.parse(JSON.parse(await readFile(join(directory, `${id}.json`), 'utf8')));
      if (record.id !== id) throw new Error(`it holds the record ${record.id}`);
      sound.push(record);
    } catch (error) {
      damaged.push(id);
      log.error({ file: `${id}.json`, error: String(error) }, 'a damaged record was left alone');
    }
  }
  return { sound, damaged };
}

/** A reader, or a reader after a crash, sees the old text or the new one, never a part. */
async function writeAtomically(path: string, text: string): Promise<void> {
  const next = `${path}.next`;
  const file: FileHandle = await open(next, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } catch (error) {
    await rm(next, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  await rename(next, path);
}
