// The location of the group of a sandbox, kept in the sandbox's directory and in records.
// Not here: creating and removing the group (cgroup.ts).
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readFileOrNull } from '../system/read-file.ts';
import type { Controller } from './limits.ts';

/** One directory in version 2, one for each controller in version 1. Plain JSON. */
export interface CgroupPlace {
  readonly version: 1 | 2;
  readonly directories: Readonly<Partial<Record<Controller | 'unified', string>>>;
}

/** Saves the group's location in the sandbox's directory, for a cleanup without a record. */
export function saveCgroupPlace(directory: string, place: CgroupPlace): void {
  writeFileSync(join(directory, placeFile), JSON.stringify(place), { mode: 0o600 });
}

/** The saved location of the group of the sandbox in `directory`, if there is one. */
export function readCgroupPlace(directory: string): CgroupPlace | null {
  const text = readFileOrNull(join(directory, placeFile));
  // empty: its launcher was killed before it could write, and created no group
  return text === null || text === '' ? null : (JSON.parse(text) as CgroupPlace);
}

const placeFile = 'cgroup.json';
