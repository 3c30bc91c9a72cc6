// Writes the files of a plan: tokens, configurations, units, blocks. What is replaced is kept as a copy.
// Not here: which files (plan/), taking them back (undo.ts).
import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, chownSync, copyFileSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { writeAtomically } from '../../../../config/system/atomic-write.ts';
import { withBlock } from '../plan/block.ts';
import { modeFor } from '../plan/plan.ts';
import type { Journal } from './journal.ts';

/** Where copies of replaced files are kept; only root may enter. */
const copies = '/etc/portwrap-spawner/replaced';

/** Makes the missing directories above it too. */
export async function makeDirectory(path: string, journal: Journal, mode = 0o755): Promise<void> {
  const missing = missingDirectories(path);
  mkdirSync(path, { recursive: true, mode });
  for (const made of missing) {
    chmodSync(made, mode); // whatever the umask is
    await journal.add({ kind: 'directory', path: made });
  }
}

/** A new random token for root, and for the group unless that is root's; an existing one keeps its value. */
export async function writeToken(path: string, gid: number, journal: Journal): Promise<void> {
  if (!existsSync(path)) {
    await journal.add({ kind: 'file', path, digest: null });
    await writeAtomically(path, `${randomBytes(32).toString('hex')}\n`);
  }
  chownSync(path, 0, gid);
  chmodSync(path, modeFor(gid));
}

/** VARIABLE=TOKEN for systemd, which reads it as root. */
export async function writeTokenVariable(
  { path, token, variable }: { path: string; token: string; variable: string },
  journal: Journal,
): Promise<void> {
  await journal.add({ kind: 'file', path, digest: null });
  await writeAtomically(path, `${variable}=${readFileSync(token, 'utf8').trim()}\n`);
}

/** For everyone to read; a file that is replaced keeps its owner and mode. */
export async function writeFile(path: string, text: string, journal: Journal): Promise<void> {
  await makeDirectory(dirname(path), journal);
  const old = statSync(path, { throwIfNoEntry: false });
  if (old === undefined) await journal.add({ kind: 'file', path, digest: digestOf(text) });
  else {
    await makeDirectory(copies, journal, 0o700);
    await journal.add({ kind: 'copy', path, copy: copyOf(path), digest: digestOf(text) });
  }
  await writeAtomically(path, text);
  chownSync(path, old?.uid ?? 0, old?.gid ?? 0);
  chmodSync(path, (old?.mode ?? 0o644) & 0o7777);
}

export async function writeBlock(path: string, lines: string, journal: Journal): Promise<void> {
  const old = existsSync(path) ? readFileSync(path, 'utf8') : '';
  await writeFile(path, withBlock(old, lines), journal);
}

export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** The first copy of a file is the one that an undo restores; a later one gets another name. */
function copyOf(path: string): string {
  const name = join(copies, path.replaceAll('/', '!').slice(1) || basename(path));
  const free = [name, ...Array.from({ length: 99 }, (_, at) => `${name}.${at + 1}`)].find(
    (one) => !existsSync(one),
  );
  const copy = free ?? name;
  copyFileSync(path, copy);
  const { uid, gid, mode } = statSync(path);
  chownSync(copy, uid, gid);
  chmodSync(copy, mode & 0o7777);
  return copy;
}

function missingDirectories(path: string): string[] {
  return existsSync(path) || path === '/' ? [] : [...missingDirectories(dirname(path)), path];
}
