// How a profile looks to a hub that offers it to a user: what there is to choose, and nothing of how it is run.
// Not here: to whom it is offered (requests/offered-profiles.ts).
import { z } from 'zod';
import type { Profile } from '../../config/load.ts';

/** As in the configuration, where each field is described. memory is in GiB. */
const offeredOptionSchema = z.object({
  name: z.string(),
  description: z.string(),
  type: z.enum(['choice', 'number', 'text', 'boolean', 'memory', 'cpus']),
  choices: z.array(z.string()),
  min: z.number().nullable(),
  max: z.number().nullable(),
  pattern: z.string().nullable(),
  default: z.union([z.string(), z.number(), z.boolean()]).nullable(),
});

export const offeredProfileSchema = z.object({
  name: z.string(),
  /** For people; the name when it has none. */
  title: z.string(),
  description: z.string(),
  options: z.array(offeredOptionSchema),
  host: z.ipv4().nullable().meta({
    description: 'The address at which its servers will be reachable; null: not known before one runs.',
  }),
});
export type OfferedProfile = z.infer<typeof offeredProfileSchema>;

/** `hostAddress` is where servers of this machine are forwarded. */
export function profileView(
  { name, title, description, options, launcher }: Profile,
  hostAddress: string,
): OfferedProfile {
  return {
    ...{ name, title, description },
    host: launcher === 'local' ? hostAddress : null,
    options: options.map(({ variable: _variable, slurm: _slurm, choices, ...shown }) => ({
      ...shown,
      choices: [...choices],
    })),
  };
}
