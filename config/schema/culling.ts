// The keys below `profiles[].culling`: when a server that nobody uses, or an old one, is ended.
// The rules are those of jupyterhub-idle-culler. Not here: finding out (spawner/activity.ts).
import { z } from 'zod';

const longest = 366 * 24 * 3600;

export const cullingSchema = z
  .strictObject({
    idle_timeout: z
      .number()
      .min(1)
      .max(longest)
      .nullable()
      .default(null)
      .meta({
        description: 'Seconds without activity after which a server is ended. null: never.',
        examples: [3600],
      }),
    max_age: z
      .number()
      .min(1)
      .max(longest)
      .nullable()
      .default(null)
      .meta({
        description: 'Seconds after which a server is ended even if it is in use. null: never.',
        examples: [86_400],
      }),
    warning: z.number().min(0).max(86_400).default(300).meta({
      description:
        'Seconds before its end at which a server is marked as about to be ended, in show and in the log.',
    }),
    busy_kernels: z.boolean().default(false).meta({
      description: 'May a server be ended for idleness while one of its kernels computes?',
    }),
    connected: z.boolean().default(true).meta({
      description:
        'May a server be ended for idleness while somebody is connected to one of its kernels (a page that is open)?',
    }),
  })
  .prefault({})
  .meta({ description: 'When a server that nobody uses, or an old one, is ended.' });
