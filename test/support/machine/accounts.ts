// Two ordinary accounts to run sandboxes as, of this run of the tests alone, and /dev/net/tun open for them. The
// whole run makes them and removes them at its end (whole-run.ts).
// Not here: running commands as them (run-portwrap.ts).
import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { runId } from './run-id.ts';
import { world } from './world.ts';

export interface TestAccount {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

export const isRoot = process.getuid?.() === 0;

const letters = ['a', 'b'] as const;
type Letter = (typeof letters)[number];

export function accountName(letter: Letter): string {
  return `pwtest-${letter}-${runId()}`;
}

/** The account, which the setup of the run has made. */
export function testAccount(letter: Letter): TestAccount {
  const name = accountName(letter);
  const made = findAccount(name);
  if (made === null) throw new Error(`there is no account ${name}: the tests do not run as root`);
  return made;
}

/**
 * Makes them with useradd(8), before any test file runs: two that look for the name at the same time both find it free,
 * and add it twice, with two uids and one home.
 */
export function makeTestAccounts(): void {
  if (!isRoot) return;
  for (const letter of letters)
    if (findAccount(accountName(letter)) === null) makeAccount(accountName(letter));
}

/**
 * useradd waits for others that write /etc/passwd. Its own choice, the next uid, would be that of a run in a world with
 * an /etc/passwd of its own, and the end of one run would end the processes of the other.
 */
function makeAccount(name: string): void {
  const uid = ['--uid', String(freeUid())];
  const useradd = (...more: string[]) =>
    execFileSync('useradd', [...more, ...uid, '--shell', '/bin/sh', name], { stdio: 'pipe' });
  if (world?.home !== 'automount') return void useradd('--create-home');
  const home = `/export/home/${name}`; // no directory can be created where the automounter manages them
  mkdirSync(home, { recursive: true });
  useradd('--no-create-home');
  const made = findAccount(name);
  if (made !== null) chownSync(home, made.uid, made.gid);
}

/** useradd gives the account a group of the same number, where that is free. */
function freeUid(): number {
  const taken = new Set(
    ['/etc/passwd', '/etc/group'].flatMap((file) =>
      readFileSync(file, 'utf8')
        .split('\n')
        .map((line) => line.split(':')[2]),
    ),
  );
  for (;;) {
    const uid = randomInt(20_000, 60_000);
    if (!taken.has(String(uid))) return uid;
  }
}

export function findAccount(name: string): TestAccount | null {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${name}:`));
  if (line === undefined) return null;
  const [, , uid, gid, , home = '/'] = line.split(':');
  return { name, uid: Number(uid), gid: Number(gid), home };
}

/** Removes them with their homes, and ends what still runs as them; returns "PID command line" of it. */
export function removeTestAccounts(): string[] {
  if (!isRoot) return [];
  return letters.flatMap((letter) => {
    const account = findAccount(accountName(letter));
    if (account === null) return [];
    const left = processesOf(account.uid);
    for (const { pid } of left) killQuietly(pid);
    // --force: killed processes may exist for another moment
    execFileSync('userdel', ['--force', '--remove', account.name], { stdio: 'pipe' });
    return left.map(({ pid, command }) => `${pid} ${command}`);
  });
}

function processesOf(uid: number): { pid: number; command: string }[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0)
    .flatMap((pid) => {
      try {
        const path = `/proc/${pid}`;
        const isZombie = /\) [ZX] /.test(readFileSync(`${path}/stat`, 'utf8'));
        if (isZombie || !new RegExp(`^Uid:\t${uid}\t`, 'm').test(readFileSync(`${path}/status`, 'utf8')))
          return [];
        return [{ pid, command: readFileSync(`${path}/cmdline`, 'utf8').replaceAll('\0', ' ').trim() }];
      } catch {
        return []; // it ended while we looked
      }
    });
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it was removed with another account
  }
}

/** slirp4netns of an ordinary user opens /dev/net/tun; only root can permit that. */
export function openTunDevice(): void {
  if (!isRoot || (statSync('/dev/net/tun').mode & 0o777) === 0o666) return;
  process.stderr.write('test set-up: chmod 0666 /dev/net/tun\n');
  chmodSync('/dev/net/tun', 0o666);
}
