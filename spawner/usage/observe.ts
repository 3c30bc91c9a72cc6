// What can be seen of a running server from outside: what it uses, what it may use, which ports are open inside.
// Not here: when its usage is read (cache.ts), how it is shown.
import {
  type ListeningPort,
  listeningPortNumbers,
  listeningPorts,
  reachesLoopback,
  readCgroupLimits,
  readUsage,
  type Usage,
  type UsageLimits,
} from '../../portwrap/index.ts';
import type { ServerRecord } from '../records/record.ts';

export type { ListeningPort, Usage, UsageLimits } from '../../portwrap/index.ts';

/** What the server uses now; null when it does not run, or where nothing is accounted. */
export function usageOf({ sandbox }: ServerRecord): Usage | null {
  return sandbox?.cgroup ? readUsage(sandbox.cgroup) : null;
}

/** The limits that the kernel holds it to; null stands for none. */
export function kernelLimitsOf({ sandbox }: ServerRecord): UsageLimits {
  return sandbox?.cgroup ? readCgroupLimits(sandbox.cgroup) : { memory: null, cpus: null };
}

/** The TCP ports that are open inside its sandbox, in order; none when it does not run. */
export function openPortsOf({ sandbox }: ServerRecord): readonly ListeningPort[] {
  return sandbox === null ? [] : listeningPorts(sandbox.child);
}

/** Their numbers alone, without making other work wait. */
export async function openPortNumbersOf({
  sandbox,
}: Pick<ServerRecord, 'sandbox'>): Promise<readonly number[]> {
  return sandbox === null ? [] : listeningPortNumbers(sandbox.child);
}

/** Whether the host port leads to it: some forwarders do not reach a server that listens on its loopback only. */
export function isForwarded(
  { sandbox }: ServerRecord,
  { port, loopbackOnly }: Pick<ListeningPort, 'port' | 'loopbackOnly'>,
): boolean {
  if (sandbox === null || port !== sandbox.guestPort) return false;
  return !loopbackOnly || reachesLoopback(sandbox.forwarderName);
}
