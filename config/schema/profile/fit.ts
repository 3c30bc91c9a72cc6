// Which options and choices fit the launcher of their profile. Not here: what each of them may be (options.ts, sets.ts).
import type { z } from 'zod';
import { isLimit, type optionsSchema } from './options.ts';
import type { Sets } from './sets.ts';

type Refuse = (path: PropertyKey[], message: string) => void;
type Options = z.output<typeof optionsSchema>;

export function optionsFit(launcher: 'local' | 'slurm', options: Options, refuse: Refuse): void {
  for (const [index, option] of options.entries()) {
    if (launcher === 'slurm' && isLimit(option.type))
      refuse(
        ['options', index, 'type'],
        `must not be ${option.type} with launcher slurm: let slurm name the field`,
      );
    if (launcher === 'local' && option.slurm !== null)
      refuse(['options', index, 'slurm'], 'must be null in a profile without "launcher: slurm"');
  }
  for (const { path, sets } of everySets(options)) {
    if (launcher === 'local' && Object.keys(sets.slurm).length > 0)
      refuse([...path, 'slurm'], 'must be empty in a profile without "launcher: slurm"');
    if (launcher === 'local') continue;
    for (const [key, value] of Object.entries(sets.resources))
      if (value !== null)
        refuse([...path, 'resources', key], 'must be null with launcher slurm: set a field in sets.slurm');
  }
}

/** What each choice of the options sets, with its path below the profile. */
export function everySets(options: Options): { path: PropertyKey[]; sets: Sets }[] {
  return options.flatMap(({ choices }, index) =>
    choices.map(({ sets }, at) => ({ path: ['options', index, 'choices', at, 'sets'], sets })),
  );
}
