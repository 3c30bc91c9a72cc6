// Two ordinary accounts to run sandboxes as, and /dev/net/tun open for them. Made once, kept: removing an
// account while another run uses it would be worse than two names in /etc/passwd.
// Not here: the commands that are run as them (run-portwrap.ts).
import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, statSync } from 'node:fs';

export interface TestAccount {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

export const isRoot = process.getuid?.() === 0;

/** The account of that name, made with useradd(8) when it is missing and we are root. */
export function testAccount(name: 'pwtest-a' | 'pwtest-b'): TestAccount {
  const known = lookUp(name);
  if (known !== null) return known;
  process.stderr.write(`test set-up: useradd ${name}\n`);
  try {
    execFileSync('useradd', ['--create-home', '--shell', '/bin/sh', name], { stdio: 'pipe' });
  } catch (error) {
    if (lookUp(name) === null) throw error; // a parallel test file may have been quicker
  }
  const made = lookUp(name);
  if (made === null) throw new Error(`useradd did not make ${name}`);
  return made;
}

/** slirp4netns of an ordinary user opens /dev/net/tun; only root can let it. */
export function openTunDevice(): void {
  if (!isRoot || (statSync('/dev/net/tun').mode & 0o777) === 0o666) return;
  process.stderr.write('test set-up: chmod 0666 /dev/net/tun\n');
  chmodSync('/dev/net/tun', 0o666);
}

function lookUp(name: string): TestAccount | null {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${name}:`));
  if (line === undefined) return null;
  const [, , uid, gid, , home = '/'] = line.split(':');
  return { name, uid: Number(uid), gid: Number(gid), home };
}
