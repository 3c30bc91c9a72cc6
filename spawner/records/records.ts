// The records on disk: one JSON file per spawn id, written atomically. A failed write is kept in memory
// and repeated by catchUp(). Not here: when to repeat.
import { access, readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Logger } from '../../config/logger.ts';
import { unfinishedSuffix, writeAtomically } from '../../config/system/atomic-write.ts';
import { storageFailure } from '../system/storage-failure.ts';
import { isRecordId, recordSchema, type ServerRecord, serverLabel } from './record.ts';

export interface Records {
  /** All records there are; a damaged or foreign file is reported and left where it is. */
  load(): Promise<LoadedRecords>;
  /** On disk when it resolves, else STORAGE_FAILED. Saves of one record happen in the order they were asked for. */
  save(record: ServerRecord): Promise<void>;
  /** Rejects with STORAGE_FAILED while the file may still be there. */
  remove(id: string): Promise<void>;
  /** Tries again what has failed; answers with how many records on disk are still not as they should be. */
  catchUp(): Promise<number>;
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
  /** What the disk has not taken: the record, or null for one that is to go. */
  const behind = new Map<string, ServerRecord | null>();

  const put = async (id: string, record: ServerRecord | null): Promise<void> => {
    try {
      if (record === null) await removeFile(fileOf(id));
      else await writeAtomically(fileOf(id), JSON.stringify(record));
      behind.delete(id);
    } catch (cause) {
      behind.set(id, record);
      const label = record === null ? undefined : serverLabel(record);
      const what =
        label === undefined
          ? `the record ${id} could not be removed`
          : `the record of ${label} could not be written`;
      throw storageFailure(cause, what, dirname(directory), label);
    }
  };
  return {
    load: () => loadAll(directory, log),
    save: (record) => inOrder(record.id, () => put(record.id, record)),
    remove: (id) => inOrder(id, () => put(id, null)),
    async catchUp() {
      for (const id of [...behind.keys()]) {
        // asked at its turn: it may have been made good, or changed, meanwhile
        const again = async () => {
          const record = behind.get(id);
          if (record !== undefined) await put(id, record);
        };
        await inOrder(id, again).catch(() => {}); // it is behind still
      }
      return behind.size;
    },
  };
}

const unfinished = `.json${unfinishedSuffix}`;

async function loadAll(directory: string, log: Logger): Promise<LoadedRecords> {
  const names = await readdir(directory);
  const ids = names.filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -'.json'.length));
  // a write that was interrupted: the old text, or none, is what counts
  const broken = names.filter(
    (name) => name.endsWith(unfinished) && isRecordId(name.slice(0, -unfinished.length)),
  );
  for (const name of broken) await rm(join(directory, name), { force: true });
  const sound: ServerRecord[] = [];
  const damaged: string[] = [];
  for (const id of ids) {
    try {
      const record = recordSchema.parse(JSON.parse(await readFile(join(directory, `${id}.json`), 'utf8')));
      if (record.id !== id) throw new Error(`it holds the record ${record.id}`);
      sound.push(record);
    } catch (error) {
      damaged.push(id);
      log.error({ file: `${id}.json`, error: String(error) }, 'ignoring a damaged record');
    }
  }
  return { sound, damaged };
}

/** What is not there is removed, unless its directory is not there either: that may come back with it. */
async function removeFile(path: string): Promise<void> {
  await access(dirname(path));
  await rm(path, { force: true });
}
