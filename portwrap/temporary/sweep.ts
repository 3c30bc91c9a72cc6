// Finds temporary files that a killed service or command, or another boot, left behind, and removes them.
// Not here: the removal (removal.ts).
import { closeSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { hasWriter, openReader } from '../system/liveness.ts';
import type { Toolbox } from '../system/tools.ts';
import { here, parseName, parts, registry } from './registration.ts';
import { removeTemporary } from './removal.ts';

/**
 * Removes the temporary files of sandboxes of this account and this host that live no more. Never rejects. Settles with
 * their registered directories, each after its removal.
 */
export async function sweepTemporary(tools: Toolbox): Promise<readonly string[]> {
  const names = await readdir(registry).catch(() => []);
  const dead = names.filter((name) => isOurs(name) && isDead(name)).map((name) => join(registry, name));
  await Promise.all(dead.map((path) => removeTemporary(tools, path)));
  return dead;
}

/** Anybody can make a directory with such a name, so the owner counts. */
function isOurs(name: string): boolean {
  if (parseName(name)?.host !== here().host) return false;
  const found = lstatSync(join(registry, name), { throwIfNoEntry: false });
  return found?.isDirectory() === true && found.uid === process.getuid?.();
}

function isDead(name: string): boolean {
  if (parseName(name)?.boot !== here().boot) return true;
  const path = join(registry, name);
  const held = isHeld(join(path, parts.life));
  if (held !== null) return !held;
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found !== undefined && found.ctimeMs < Date.now() - launching && !isMounted(name);
}

/** Milliseconds in which a launch has certainly ended or made its life FIFO known. */
const launching = 3_600_000;

/** Whether a process of the sandbox lives; null: its FIFO does not exist, yet or any more. */
function isHeld(life: string): boolean | null {
  let reader: number;
  try {
    reader = openReader(life);
  } catch {
    return null;
  }
  try {
    return hasWriter(reader);
  } finally {
    closeSync(reader);
  }
}

/** Whether a process has it among its mounts, proc_pid_mountinfo(5). */
function isMounted(name: string): boolean {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .some((pid) => {
      try {
        return readFileSync(`/proc/${pid}/mountinfo`, 'utf8').includes(name);
      } catch {
        return false; // it has ended
      }
    });
}
