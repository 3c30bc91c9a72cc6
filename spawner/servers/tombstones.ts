// Spawn ids that were stopped before their start arrived: a stop beats a late start. Bounded, oldest first.
import { type ServerKey, spawnKeyText } from '../records/record.ts';

export interface Tombstones {
  add(key: ServerKey, spawnId: string): void;
  has(key: ServerKey, spawnId: string): boolean;
}

export function createTombstones(most = 10_000): Tombstones {
  const entries = new Set<string>();
  return {
    add(key, spawnId) {
      entries.add(spawnKeyText(key, spawnId));
      for (const oldest of entries) {
        if (entries.size <= most) return;
        entries.delete(oldest);
      }
    },
    has: (key, spawnId) => entries.has(spawnKeyText(key, spawnId)),
  };
}
