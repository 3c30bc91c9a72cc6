// How `portwrap enter` finds a foreground sandbox: `portwrap` holds open a file that has no name any more, which its user
// can read below /proc. It ends with `portwrap`, however that ends, and no process of a sandbox can make one: those are in
// other pid namespaces. Not here: sandboxes of the service (door.ts).
import { openSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CgroupPlace } from '../cgroups/place.ts';
import { ownDescriptor } from '../system/descriptor.ts';
import { isAlive, type ProcessIdentity } from '../system/process.ts';

export interface Announcement {
  readonly child: ProcessIdentity;
  readonly hostPort: number;
  /** Its seccomp program, in hexadecimal digits. */
  readonly filter: string;
  readonly cgroup: CgroupPlace | null;
  /** Whether the group has limits. */
  readonly limited: boolean;
}

const fileName = 'enter.json';

/** Called while `directory` exists, which its caller removes. Returns how to take it back. */
export function announce(directory: string, announcement: Announcement): () => void {
  const path = join(directory, fileName);
  writeFileSync(path, JSON.stringify(announcement), { mode: 0o600 });
  return ownDescriptor(openSync(path, 'r')).close;
}

/** Those of this user, in this pid namespace. */
export function announced(uid: number): Announcement[] {
  const here = readlinkSync('/proc/self/ns/pid');
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => unlessGone(() => announcedBy(pid, uid, here)))
    .filter(({ child }) => isAlive(child));
}

function announcedBy(pid: string, uid: number, here: string): Announcement[] {
  const of = (name: string) => join('/proc', pid, name);
  if (statSync(of('')).uid !== uid || readlinkSync(of('ns/pid')) !== here) return [];
  return readdirSync(of('fd')).flatMap((fd) =>
    unlessGone(() =>
      unnamed.test(readlinkSync(of(`fd/${fd}`)))
        ? [JSON.parse(readFileSync(of(`fd/${fd}`), 'utf8')) as Announcement]
        : [],
    ),
  );
}

/** Of a directory that launch/own-directory.ts has named. */
const unnamed = /\/portwrap-[0-9a-f]{24}\/enter\.json \(deleted\)$/;

/** A process may end, or be another user's, while it is looked at. */
function unlessGone<T>(look: () => T[]): T[] {
  try {
    return look();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES' || code === 'EPERM') return [];
    throw error;
  }
}
