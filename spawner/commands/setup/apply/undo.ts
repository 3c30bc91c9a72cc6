// setup --undo: takes back what the journal says, the last change first. A file that was changed since setup wrote it
// stays. The hub is stopped before and started after, when its configuration is the old one again.
// Not here: the journal (journal.ts).
import { existsSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { toPortwrapError } from '../../../../config/errors.ts';
import { withoutBlock } from '../plan/block.ts';
import type { Command } from '../plan/steps.ts';
import { unitDirectory } from '../plan/unit-files.ts';
import { digestOf } from './files.ts';
import { type Entry, type Journal, journalFile } from './journal.ts';
import { runCommand } from './programs.ts';

/** Prints what it does; returns whether all of it could be taken back. */
export async function undo(journal: Journal, print: (text: string) => void): Promise<boolean> {
  const entries = toTakeBack(journal.entries);
  const hubs = entries.flatMap((entry) => (entry.kind === 'hub' ? [entry.unit] : []));
  let isWhole = true;
  const attempt = async (what: string, work: () => Promise<string | null>) => {
    try {
      const left = await work();
      print(`${left === null ? `${what}: done` : `left: ${left}`}\n`);
    } catch (cause) {
      isWhole = false;
      print(`${what}: failed: ${toPortwrapError(cause).message}\n`);
    }
  };
  for (const unit of hubs) await attempt(`stop ${unit}`, () => run(['systemctl', 'stop', unit]));
  const changes = entries.filter((entry) => entry.kind !== 'hub');
  rmSync(journalFile, { force: true });
  for (const entry of changes.toReversed()) await attempt(describe(entry), () => takeBack(entry));
  await attempt('systemctl daemon-reload', () => run(['systemctl', 'daemon-reload']));
  for (const unit of hubs) await attempt(`start ${unit}`, () => run(['systemctl', 'start', unit]));
  return isWhole;
}

/** A hub whose unit setup has made is not started again: its unit goes. */
export function toTakeBack(entries: readonly Entry[]): readonly Entry[] {
  const made = new Set(entries.flatMap((entry) => (entry.kind === 'file' ? [entry.path] : [])));
  return entries.filter((entry) => entry.kind !== 'hub' || !made.has(`${unitDirectory}/${entry.unit}`));
}

/** Returns what stays and why, or null. */
export async function takeBack(entry: Entry): Promise<string | null> {
  switch (entry.kind) {
    case 'file': {
      if (isChanged(entry.path, entry.digest)) return `${entry.path}, which was changed after setup wrote it`;
      rmSync(entry.path, { force: true });
      return null;
    }
    case 'copy':
      return restore(entry);
    case 'directory':
      if (!existsSync(entry.path)) return null;
      if (readdirSync(entry.path).length > 0) return `${entry.path}, which is not empty`;
      rmdirSync(entry.path);
      return null;
    case 'tree':
      rmSync(entry.path, { recursive: true, force: true });
      return null;
    case 'command':
      await runCommand(entry.command);
      return null;
    case 'hub': // undo() restarts it
      return null;
    default:
      return entry satisfies never;
  }
}

/** A file that was changed since loses our block only. */
function restore({ path, copy, digest }: { path: string; copy: string; digest: string }): string | null {
  if (!existsSync(copy)) return `${path}: its copy ${copy} is gone`;
  if (!isChanged(path, digest)) {
    renameSync(copy, path);
    return null;
  }
  const text = readFileSync(path, 'utf8');
  const rest = withoutBlock(text);
  if (rest === text) return `${path}, which was changed after setup wrote it; the file before is ${copy}`;
  writeFileSync(path, rest);
  rmSync(copy);
  return null;
}

function isChanged(path: string, digest: string | null): boolean {
  return digest !== null && existsSync(path) && digestOf(readFileSync(path, 'utf8')) !== digest;
}

/** A line for people. */
export function describe(entry: Entry): string {
  switch (entry.kind) {
    case 'copy':
      return `restore ${entry.path}`;
    case 'command':
      return entry.command.join(' ');
    case 'hub':
      return `restart ${entry.unit}, after the rest`;
    default:
      return `remove ${entry.path}`;
  }
}

async function run(command: Command): Promise<null> {
  await runCommand(command);
  return null;
}
