// The world in which this test file runs, as scripts/worlds.mjs has made it; null on the machine as it is.
// Not here: making one (scripts/worlds/).
import { readFileSync } from 'node:fs';
import { cgroupSurroundings, findCgroupWay } from '../../../portwrap/index.ts';

export interface World {
  readonly name: string;
  /** How mounts propagate. */
  readonly mounts: 'private' | 'shared' | 'slave';
  /** Are the directories below /home mounted when they are looked at? */
  readonly home: 'plain' | 'automount';
  /** machine: as this machine has them; version-2: without any controller; none; read-only. */
  readonly groups: 'machine' | 'version-2' | 'none' | 'read-only';
}

export const world: World | null = readWorld(process.env);

/** Can limits be kept? By root, wherever the machine can do so and the world leaves it that. */
export const hasControlGroups =
  process.getuid?.() === 0 && (world === null || world.groups === 'machine') && canLimit();

/** With version 1 it is plain to see; with version 2 it depends on who has started us, and how. */
function canLimit(): boolean {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8');
  if (/ - cgroup \S+ rw,(\S+,)?memory/.test(mounts)) return true;
  return findCgroupWay('service', cgroupSurroundings()).kind !== 'none';
}

function readWorld(environment: NodeJS.ProcessEnv): World | null {
  const { WORLD_NAME: name, WORLD_MOUNTS, WORLD_HOME, WORLD_GROUPS } = environment;
  if (name === undefined) return null;
  return {
    name,
    mounts: oneOf(WORLD_MOUNTS, ['private', 'shared', 'slave']),
    home: oneOf(WORLD_HOME, ['plain', 'automount']),
    groups: oneOf(WORLD_GROUPS, ['machine', 'version-2', 'none', 'read-only']),
  };
}

function oneOf<T extends string>(value: string | undefined, known: readonly T[]): T {
  const found = known.find((one) => one === value);
  if (found === undefined) throw new Error(`a world says "${value}" where it must say ${known.join(', ')}`);
  return found;
}
