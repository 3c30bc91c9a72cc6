// The directory on disk for the temporary files of one sandbox. It is registered in /var/tmp, where only its launcher
// can write; the files are in it, or in a directory that the administrator named.
// Not here: when it is removed (removal.ts, sweep.ts), where it appears inside (launch/file-view.ts).
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type Account, becomeArgv } from '../system/account.ts';
import { answerDeadline, answersOf, pathUnavailable } from '../system/look.ts';
import type { Teardown } from '../system/teardown.ts';
import type { Toolbox } from '../system/tools.ts';
import { makeImage, requireImages, type TemporaryImage } from './image.ts';
import { here, inRegistry, ownPart, parts, registry } from './registration.ts';
import { removeTemporary } from './removal.ts';

export interface TemporaryDirectory {
  /** In /var/tmp; its parts are named in `parts`. */
  readonly path: string;
  /** The source of each mount of the kind "temporary", by its path inside. */
  readonly sources: Readonly<Record<string, string>>;
  /** What must be mounted before the sources exist; null: nothing. */
  readonly image: TemporaryImage | null;
}

export interface TemporaryRequest {
  /** The paths inside, each with a directory of its own. */
  readonly paths: readonly string[];
  /** "disk", or a directory without links in its path. */
  readonly storage: string;
  /** The most that all of them may have together; only on disk. null: no bound. */
  readonly bytes: number | null;
  /** A directory of the launcher alone, removed with the sandbox. */
  readonly workspace: string;
}

/**
 * Makes it; null for no paths. Throws STORAGE_FAILED, PATH_UNAVAILABLE, or, because of the bound, LIMITS_UNAVAILABLE or
 * TOOL_MISSING; `undo` removes what exists.
 */
export async function makeTemporary(
  tools: Toolbox,
  account: Account | null,
  { paths, storage, bytes, workspace }: TemporaryRequest,
  undo: Teardown,
): Promise<TemporaryDirectory | null> {
  if (paths.length === 0) return null;
  if (bytes !== null) requireImages(tools, process.getuid?.() === 0);
  const path = inRegistry(() => mkdtempSync(join(registry, namePrefix())));
  undo.add('temporary files', () => removeTemporary(tools, path));
  const names = paths.map(
    (inside, index) => `${index}-${inside.slice(1).replaceAll('/', '-').slice(0, 100)}`,
  );
  const owner = account ?? { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  const image =
    bytes === null ? null : inRegistry(() => makeImageFiles(tools, path, { names, owner, workspace, bytes }));
  const content =
    image?.directory ??
    (storage === 'disk'
      ? inRegistry(() => makeFiles(path, names, owner))
      : await makeElsewhere(tools, account, { path, storage, owner, names }));
  const sources = paths.map((inside, index) => [inside, join(content, names[index] ?? '')]);
  return { path, sources: Object.fromEntries(sources), image };
}

function namePrefix(): string {
  const { host, boot } = here();
  return `portwrap-${host}-${boot}-`;
}

/**
 * Nobody but the account and root reaches the files. The account cannot change the directory around them, and gets
 * them last: until then no process of it can interfere.
 */
function makeFiles(path: string, names: readonly string[], owner: Owner): string {
  const files = join(path, parts.files);
  mkdirSync(files, { mode: 0o700 });
  makeDirectories(files, names, owner);
  if (isOther(owner)) {
    chownSync(files, owner.uid, owner.gid);
    chmodSync(path, 0o711);
  }
  return files;
}

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

function isOther({ uid }: Owner): boolean {
  return uid !== process.getuid?.();
}

function makeDirectories(files: string, names: readonly string[], owner: Owner): void {
  for (const directory of names.map((name) => join(files, name))) {
    mkdirSync(directory);
    chmodSync(directory, 0o1777); // whatever the umask is
    if (isOther(owner)) chownSync(directory, owner.uid, owner.gid);
  }
}

/** No account but the launcher can change the directories from which the image is made. */
function makeImageFiles(
  tools: Toolbox,
  path: string,
  { names, owner, workspace, bytes }: Imaged,
): TemporaryImage {
  const content = join(workspace, 'temporary.new');
  const image = { file: join(path, parts.image), directory: join(path, parts.files), content };
  for (const directory of [content, image.directory]) {
    mkdirSync(directory);
    chmodSync(directory, 0o755);
  }
  makeDirectories(content, names, owner);
  chmodSync(path, 0o711);
  return makeImage(tools, image, bytes);
}

interface Imaged {
  readonly names: readonly string[];
  readonly owner: Owner;
  readonly workspace: string;
  readonly bytes: number;
}

interface Elsewhere {
  readonly path: string;
  readonly storage: string;
  readonly owner: Owner;
  readonly names: readonly string[];
}

/** Made as the account: root may have no access there (NFS), and must not write where a user can put links. */
async function makeElsewhere(
  tools: Toolbox,
  account: Account | null,
  { path, storage, owner, names }: Elsewhere,
): Promise<string> {
  const name = randomBytes(8).toString('hex');
  const base = ownPart(storage, owner.uid);
  const content = join(base, name);
  // first, so that it is found again after a kill
  inRegistry(() => {
    symlinkSync(`${owner.uid}:${owner.gid}`, join(path, parts.account));
    symlinkSync(content, join(path, parts.elsewhere));
  });
  const become = account === null ? [] : becomeArgv(tools('setpriv'), account);
  const script = makeScript(tools('mkdir'));
  const argv = [...become, tools('sh'), '-c', script, 'portwrap', base, name, ...names];
  const [answer] = await answersOf(argv);
  if (answer === '') return content;
  const reason = answer ?? `its file system did not answer within ${answerDeadline / 1_000} seconds`;
  throw pathUnavailable(
    storage,
    `the temporary files of a server cannot be made there (${reason})`,
    'Every user must be able to make directories in it (mode 1777, as /tmp); or choose another "temporary_in".',
  );
}

/** It prints one record: the reason of a failure, or nothing. */
function makeScript(mkdir: string): string {
  return [
    'base=$1 name=$2; shift 2; umask 077',
    `refuse() { printf '%s\\0' "$1"; exit; }`,
    // the end of another sandbox may remove the directory between the two steps
    'for try in 1 2 3; do',
    `  why=$(${mkdir} -- "$base" 2>&1)`,
    '  if [ -L "$base" ] || { [ -e "$base" ] && ! [ -O "$base" ]; }; then',
    '    refuse "$base belongs to another account or is a link: remove it"; fi',
    `  [ ! -d "$base" ] || why=$(${mkdir} -- "$base/$name" 2>&1) && [ -d "$base/$name" ] && break`,
    'done',
    `[ -d "$base/$name" ] || refuse "\${why##*: }"`,
    `why=$(cd -- "$base/$name" && ${mkdir} -m 1777 -- "$@" 2>&1) || refuse "\${why##*: }"`,
    `printf '\\0'`,
  ].join('\n');
}
