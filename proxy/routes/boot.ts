// Which boot of the machine this is, and whether a target may be a listener of this machine.
// Not here: what follows for stored routes (storage.ts).
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { parseTarget } from '../http/target.ts';

export interface Boot {
  /** Another one after each boot (random(4)); undefined where the kernel has none. */
  readonly id: string | undefined;
  /** When it began, in milliseconds since the epoch. */
  readonly since: number;
}

export function readBoot(proc = '/proc'): Boot {
  const id = read(`${proc}/sys/kernel/random/boot_id`)?.trim();
  const since = /^btime (\d+)$/m.exec(read(`${proc}/stat`) ?? '')?.[1];
  return { id, since: Number(since ?? 0) * 1000 };
}

/** The addresses of this machine now. */
export function ownAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((infos) => (infos ?? []).map(({ address }) => address));
}

/**
 * Is the target certainly on another machine? Only an IP address says so: a name may be this machine's. `own` are the
 * addresses of this machine.
 */
export function isElsewhere(url: string, own: ReadonlySet<string>): boolean {
  const target = parseTarget(url);
  if (target === undefined || target.socketPath !== undefined) return false;
  const { hostname } = target;
  return isIP(hostname) !== 0 && !thisMachine.test(hostname) && !own.has(hostname);
}

/** Loopback and unspecified addresses, and IPv4 ones that are mapped into IPv6. */
const thisMachine = /^(?:127\.|0\.|::)/;

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
