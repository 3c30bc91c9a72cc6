// Removes the temporary files of a sandbox, once no process of it is left. A user may leave anything there: the files are
// removed by a process with the rights of the user alone, which follows no links and enters no other file system.
// Not here: finding what was left behind (sweep.ts).
import { lstatSync, readdirSync, readlinkSync, rmdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { becomeBareArgv } from '../system/account.ts';
import { startChild } from '../system/child.ts';
import { withDeadline } from '../system/deadline.ts';
import type { Toolbox } from '../system/tools.ts';
import { parts, readPart } from './registration.ts';

/**
 * Removes a registered directory and its files. Never rejects: what cannot be removed now stays registered, for a later
 * sweep. Settles when it is done, or after some seconds, while its process goes on.
 */
export async function removeTemporary(tools: Toolbox, path: string): Promise<void> {
  if (removeEmpty(path)) return;
  const argv = removalArgv(tools, path);
  if (argv === null) return;
  const child = startChild(argv[0] ?? '', argv.slice(1), { stdio: 'ignore', detached: true });
  await withDeadline(child.exited, patience, () => new Error('it takes longer')).catch(() =>
    child.process.unref(),
  );
}

/** The link in a sandbox's directory to that of its temporary files. */
export const temporaryLink = 'temporary';

/** Removes the temporary files of the sandbox with that directory, unless that has begun before. */
export async function removeTemporaryOf(tools: Toolbox, directory: string): Promise<void> {
  const link = join(directory, temporaryLink);
  let path: string;
  try {
    path = readlinkSync(link);
    unlinkSync(link);
  } catch {
    return; // it has none
  }
  await removeTemporary(tools, path);
}

/** Milliseconds that a caller waits. */
const patience = 10_000;

/** Without a process: true if it is gone. No step follows a link or removes anything but an empty directory. */
function removeEmpty(path: string): boolean {
  try {
    if (readPart(path, 'elsewhere') !== null) return false;
    const files = join(path, parts.files);
    if (exists(files)) {
      for (const name of readdirSync(files)) rmdirSync(join(files, name));
      rmdirSync(files);
    }
    for (const name of [parts.life, parts.newLife, parts.account, parts.image]) {
      if (exists(join(path, name))) unlinkSync(join(path, name));
    }
    rmdirSync(path);
    return true;
  } catch {
    return !exists(path);
  }
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** null: whose files they are is unknown, so nothing is touched. */
function removalArgv(tools: Toolbox, path: string): string[] | null {
  const elsewhere = readPart(path, 'elsewhere');
  const owner = elsewhere === null ? ownerOf(join(path, parts.files)) : parseOwner(readPart(path, 'account'));
  if (owner === null) return null;
  const isOther = owner.uid !== process.getuid?.();
  const become = isOther ? becomeBareArgv(tools('setpriv'), owner.uid, owner.gid, null) : [];
  const content = [tools('sh'), '-c', contentScript(tools), 'portwrap', elsewhere ?? join(path, parts.files)];
  return [tools('sh'), '-c', registeredScript(tools), 'portwrap', path, ...become, ...content];
}

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Only the launcher can replace the directory, and it belongs to the account as soon as the account can write there. */
function ownerOf(files: string): Owner | null {
  return lstatSync(files, { throwIfNoEntry: false }) ?? null;
}

function parseOwner(text: string | null): Owner | null {
  const [, uid, gid] = /^(\d+):(\d+)$/.exec(text ?? '') ?? [];
  return uid === undefined || gid === undefined ? null : { uid: Number(uid), gid: Number(gid) };
}

/** As the launcher: what it made itself. It keeps the registration until the files are gone. */
function registeredScript(tools: Toolbox): string {
  const { files, ...links } = parts;
  return [
    'path=$1; shift',
    '"$@" || exit 1',
    `[ ! -d "$path/${files}" ] || ${tools('rmdir')} -- "$path/${files}" || exit 1`,
    ...Object.values(links).map((name) => `${tools('rm')} -f -- "$path/${name}"`),
    `exec ${tools('rmdir')} -- "$path"`,
  ].join('\n');
}

/**
 * With the rights of the user: everything in the directory $1, and the directory if it is the user's to remove. Only if
 * something stays, the directories that the user made inaccessible are opened first.
 */
function contentScript(tools: Toolbox): string {
  const removeAll = `${tools('find')} . -xdev -mindepth 1 -maxdepth 1 -exec ${tools('rm')} -rf --one-file-system -- {} +`;
  const openAll = `${tools('find')} . -xdev -type d ! -perm -u=rwx -exec ${tools('chmod')} u+rwx {} \\;`;
  return [
    // never below another directory, if this one is gone
    '[ -d "$1" ] && [ ! -L "$1" ] || exit 0',
    `{ [ -r "$1" ] && [ -w "$1" ] && [ -x "$1" ]; } || ${tools('chmod')} u+rwx -- "$1" || exit 1`,
    'cd -P -- "$1" || exit 1',
    `${removeAll} || { ${openAll}; ${removeAll}; } || exit 1`,
    'cd / || exit 1',
    `case $1 in */${parts.files}) ;; *) ${tools('rmdir')} -- "$1" || exit 1; ${tools('rmdir')} -- "\${1%/*}" ;; esac`,
    'exit 0',
  ].join('\n');
}
