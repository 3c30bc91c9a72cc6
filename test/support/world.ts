// The world in which this test file runs, as scripts/worlds.mjs has made it; null on the machine as it is.
// Not here: making one (scripts/worlds/).

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

/** Can groups be made and controllers be used, as far as the world leaves the machine's? */
export const hasControlGroups = world === null || world.groups === 'machine';

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
