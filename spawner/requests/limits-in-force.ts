// The limits of memory and CPUs that hold for one server, and how it learns them.
// Not here: what its user chose (user-options.ts), enforcing them (../../portwrap).
import type { Profile } from '../../config/load.ts';
import { bytesOf } from '../../config/schema/values/size.ts';
import type { StartRequest } from './start-request.ts';

type Resources = Profile['resources'];

/** `own`, of the profile or as its user chose, and at most what the hub allows. */
export function limitsInForce(own: Resources, ofHub: StartRequest['limits'] = {}): Resources {
  const memory = lower(own.memory === null ? null : bytesOf(own.memory), ofHub.memory);
  return {
    ...own,
    memory: memory === null ? null : String(memory),
    cpus: lower(own.cpus, ofHub.cpus),
  };
}

/**
 * The variables in which JupyterHub tells a server its limits (Spawner.mem_limit, Spawner.cpu_limit), and
 * jupyter-resource-usage finds them: bytes, and a number of CPUs. Without a limit there is none.
 */
export function limitVariables({ memory, cpus }: Resources): Record<string, string> {
  return {
    ...(memory === null ? {} : { MEM_LIMIT: String(bytesOf(memory)) }),
    ...(cpus === null ? {} : { CPU_LIMIT: String(cpus) }),
  };
}

function lower(own: number | null, ofHub: number | undefined): number | null {
  if (own === null || ofHub === undefined) return own ?? ofHub ?? null;
  return Math.min(own, ofHub);
}
