// The world in which this test file runs, made by scripts/worlds.mjs; null on the machine itself.
// Not here: making a world (scripts/worlds/).
import { readFileSync } from 'node:fs';
import { cgroupSurroundings, findCgroupWay } from '../../../portwrap/index.ts';

export interface World {
  readonly name: string;
  /** How mounts propagate. */
  readonly mounts: 'private' | 'shared' | 'slave';
  /** Whether the directories below /home are mounted on first access. */
  readonly home: 'plain' | 'automount';
  /** machine: as this machine has them; version-2: without any controller; none; read-only. */
  readonly groups: 'machine' | 'version-2' | 'none' | 'read-only';
}

export const world: World | null = readWorld(process.env);

/** Whether limits can be enforced: as root, if both the machine and the world support it. */
export const hasControlGroups =
  process.getuid?.() === 0 && (world === null || world.groups === 'machine') && canLimit();

/** Known for version 1; for version 2 it depends on the process that started the tests, and how. */
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
