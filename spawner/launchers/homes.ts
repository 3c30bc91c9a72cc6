// The homes that the service makes itself, for accounts.mode "dynamic" and "service". The owner of a home is the memory
// of which uid a user has. What exists is looked at by another process: a home may lie on a file system whose server is
// gone. Not here: which user has which home (accounts.ts).
import { chownSync, mkdirSync, renameSync, rmdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PortwrapError } from '../../config/errors.ts';
import { answerDeadline, answersOf, pathUnavailable, type Toolbox } from '../../portwrap/index.ts';
import { makeDirectory } from '../system/make-directory.ts';
import { storageFailure } from '../system/storage-failure.ts';

export interface UidRange {
  readonly low: number;
  readonly high: number;
}

export interface Homes {
  /**
   * The owner of a home, which is made if there is none: for a free uid of the range, or for the service (null).
   * Throws USER_REFUSED, STORAGE_FAILED, PATH_UNAVAILABLE.
   */
  open(home: string, range: UidRange | null): Promise<number>;
}

export function createHomes(tools: Toolbox): Homes {
  let last: Promise<unknown> = Promise.resolve();
  return {
    async open(home, range) {
      const owner = await ownerOf(tools, home);
      if (owner !== null) return owner;
      // one after the other, or two users would find the same uid free
      const made = last.then(() => makeHome(tools, home, range));
      last = made.catch(() => {});
      return made;
    },
  };
}

/** A home that is still being made; no user of accounts.mode "dynamic" can have that name. */
const unfinishedHome = ':new';

/**
 * Nobody sees a home that is not its owner's yet: whenever the service is killed, there is a whole one or none.
 * One that was made half is empty, and makes room for the next.
 */
async function makeHome(tools: Toolbox, home: string, range: UidRange | null): Promise<number> {
  const owner = await ownerOf(tools, home);
  if (owner !== null) return owner;
  const uid = range === null ? null : await freeUid(tools, dirname(home), range);
  const unfinished = join(dirname(home), unfinishedHome);
  const isLeft = uid !== null && (await ownerOf(tools, unfinished)) !== null;
  try {
    makeDirectory(dirname(home), 0o755);
    if (isLeft) rmdirSync(unfinished);
    if (uid === null) mkdirSync(home, { mode: 0o700 });
    else {
      mkdirSync(unfinished, { mode: 0o700 });
      chownSync(unfinished, uid, uid);
      renameSync(unfinished, home);
    }
  } catch (cause) {
    throw storageFailure(cause, `the home ${home} could not be made`, dirname(home));
  }
  return uid ?? process.getuid?.() ?? 0;
}

/** null: there is no such directory. A symbolic link is none. */
async function ownerOf(tools: Toolbox, path: string): Promise<number | null> {
  const [found] = await look(tools, path, [path, '-maxdepth', '0']);
  if (found === undefined) return null;
  if (found.type !== 'd') throw new PortwrapError('USER_REFUSED', `the home ${path} is not a directory`);
  return found.uid;
}

async function freeUid(tools: Toolbox, homes: string, range: UidRange): Promise<number> {
  const siblings = ['-mindepth', '1', '-maxdepth', '1', '!', '-name', unfinishedHome];
  const used = new Set((await look(tools, homes, [homes, ...siblings])).map(({ uid }) => uid));
  for (let uid = range.low; uid <= range.high; uid += 1) if (!used.has(uid)) return uid;
  throw new PortwrapError('USER_REFUSED', 'every uid of accounts.uid_range is in use');
}

/** What find(1) says of what it finds, without following links. */
async function look(tools: Toolbox, path: string, where: readonly string[]): Promise<Entry[]> {
  const answers = await answersOf([
    tools('sh'),
    '-c',
    '"$@"; printf "end\\0"',
    'portwrap',
    tools('find'),
    ...where,
    '-printf',
    '%y %U\\0',
  ]);
  if (answers.at(-1) !== 'end') {
    const seconds = answerDeadline / 1_000;
    throw pathUnavailable(
      path,
      `its file system, or that of a home beside it, did not answer within ${seconds} seconds`,
    );
  }
  return answers.slice(0, -1).map((answer) => ({ type: answer.slice(0, 1), uid: Number(answer.slice(2)) }));
}

interface Entry {
  readonly type: string;
  readonly uid: number;
}
