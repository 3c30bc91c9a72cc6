// Maps an account and its groups into the user namespace of its sandbox, in launches of root: bubblewrap alone may map
// one group. Root is not mapped (docs/decisions/0024-no-root-in-the-sandbox.md). Not here: when (launch/build.ts).
import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { PortwrapError } from '../../config/errors.ts';
import type { Account } from '../system/account.ts';
import { openReader } from '../system/liveness.ts';
import { identify } from '../system/process.ts';
import type { Teardown } from '../system/teardown.ts';

/**
 * Reads from the FIFO at `path` which process bubblewrap has made in the new user namespace (`--info-fd`), and writes the
 * maps of that namespace. Throws as `mapOwnGroups`; without bubblewrap it never settles.
 */
export async function mapWhenAsked(path: string, account: Account, undo: Teardown): Promise<void> {
  const socket = new Socket({ fd: openReader(path), readable: true, writable: false });
  undo.add('maps', () => void socket.destroy());
  rmSync(path);
  socket.on('error', () => {}); // a bwrap that ends early is noticed by its life FIFO
  mapOwnGroups(await reportedChild(socket), account);
  socket.destroy();
}

function reportedChild(socket: Socket): Promise<number> {
  let heard = '';
  return new Promise((resolve) => {
    socket.on('data', (chunk: Buffer) => {
      heard += chunk.toString('latin1');
      const pid = /"child-pid": (\d+)\D/.exec(heard)?.[1];
      if (pid !== undefined) resolve(Number(pid));
    });
  });
}

/**
 * Writes the maps of the user namespace of `pid`. Throws SANDBOX_FAILED if that is not a process of the account: the
 * number came from a process of the account, which could name one of another.
 */
export function mapOwnGroups(pid: number, { uid, gid }: Pick<Account, 'uid' | 'gid'>): void {
  const before = identify(pid);
  const file = (name: string) => `/proc/${pid}/${name}`;
  const opened: number[] = [];
  try {
    // opened first: an open file stays with its process, a pid may get another
    for (const name of ['setgroups', 'uid_map', 'gid_map']) opened.push(openSync(file(name), 'w'));
    const status = readFileSync(file('status'), 'utf8');
    const after = identify(pid);
    const [denial = -1, users = -1, groups = -1] = opened;
    if (before === null || after?.startTime !== before.startTime || !belongsTo(status, uid))
      throw new Error(`process ${pid} is not one of uid ${uid}`);
    // a user could otherwise leave a group to which a file denies access (user_namespaces(7))
    writeSync(denial, 'deny');
    writeSync(users, `${uid} ${uid} 1\n`);
    writeSync(groups, groupMap(gid, groupsOf(status)));
  } catch (cause) {
    throw new PortwrapError('SANDBOX_FAILED', 'the groups of the account could not be mapped', { cause });
  } finally {
    for (const descriptor of opened) closeSync(descriptor);
  }
}

/** As many lines as the kernel takes, each group as itself; `gid` is the first. */
export function groupMap(gid: number, groups: readonly number[]): string {
  const lines = [...new Set([gid, ...groups.filter((group) => group !== overflow)])]
    .slice(0, mostLines)
    .map((group) => `${group} ${group} 1\n`);
  return lines.filter((_, index) => lines.slice(0, index + 1).join('').length < pageSize).join('');
}

/** What the kernel says instead of a group that has no number here. */
const overflow = 65_534;
/** Both limits are the kernel's, user_namespaces(7). */
const mostLines = 340;
const pageSize = 4096;

function belongsTo(status: string, uid: number): boolean {
  return new RegExp(`^Uid:(\\t${uid}){4}$`, 'm').test(status);
}

function groupsOf(status: string): number[] {
  const [, list = ''] = /^Groups:\t(.*)$/m.exec(status) ?? [];
  return list.split(' ').filter(Boolean).map(Number);
}
