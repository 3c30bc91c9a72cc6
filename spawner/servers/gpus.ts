// Which GPUs of the pool a server gets. The records of the servers that are alive are the only account of who has which:
// so a restart keeps them, and the end of a server gives them back.
// Not here: what the sandbox sees of them (launchers/gpu-devices.ts).
import { PortwrapError } from '../../config/errors.ts';
import type { Config, Profile } from '../../config/load.ts';
import { type ServerKey, type ServerRecord, serverLabel } from '../records/record.ts';
import { isAlive } from '../records/server-state.ts';

/** The names of GPUs for a new server. Throws LIMIT_REACHED. `records` are those of all servers that are known. */
export function assignGpus(
  { devices }: Config['gpus'],
  { resources: { gpus: wanted }, title }: Pick<Profile, 'resources' | 'title'>,
  key: ServerKey,
  records: Iterable<ServerRecord>,
): string[] {
  if (wanted === 0) return [];
  const free = freeGpus(devices, records);
  if (free.length >= wanted) return free.slice(0, wanted);
  throw new PortwrapError(
    'LIMIT_REACHED',
    `${title} needs ${wanted} of the ${devices.length} GPUs, and ${free.length} ${free.length === 1 ? 'is' : 'are'} free`,
    { server: serverLabel(key) },
  );
}

/** The names of those that no server has. */
export function freeGpus(devices: Config['gpus']['devices'], records: Iterable<ServerRecord>): string[] {
  const taken = new Set([...records].filter(({ state }) => isAlive(state)).flatMap(({ gpus }) => gpus));
  return devices.map(gpuName).filter((name) => !taken.has(name));
}

/** Its first node: the order of the configuration may change. */
export function gpuName({ nodes }: Pick<Config['gpus']['devices'][number], 'nodes'>): string {
  return nodes[0] ?? '';
}
