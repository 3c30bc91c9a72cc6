// The keys below `culling` of a profile: when an unused server is stopped.
// Not here: the decision (spawner/culling/rules.ts).
import { z } from 'zod';

const tenYears = 315_360_000;
const seconds = z.number().min(1).max(tenYears).nullable().default(null);

export const cullingSchema = z
  .strictObject({
    idle_timeout: seconds.meta({
      description:
        'Seconds without activity after which a server is stopped. null: never. A server whose activity is unknown is not stopped by it.',
      examples: [3600],
    }),
    max_age: seconds.meta({
      description:
        'Seconds after its start at which a server is stopped even if it is used, busy or connected. null: never.',
      examples: [604_800],
    }),
    named_servers: z
      .strictObject({
        idle_timeout: seconds.meta({
          description: 'As idle_timeout above, for named servers.',
          examples: [1800],
        }),
        max_age: seconds.meta({ description: 'As max_age above, for named servers.', examples: [86_400] }),
      })
      .nullable()
      .default(null)
      .meta({
        description:
          'Takes the place of idle_timeout and max_age for named servers, so that the default server may live longer than them, or they longer than it. null: one rule for all.',
        examples: [{ idle_timeout: 1800 }],
      }),
    cull_busy: z.boolean().default(false).meta({
      description: 'May idle_timeout stop a server while one of its kernels is busy?',
    }),
    cull_connected: z.boolean().default(false).meta({
      description:
        'May idle_timeout stop a server while a browser holds a WebSocket to it? By default an open notebook counts as activity.',
    }),
    warning: z.number().min(0).max(86_400).default(300).meta({
      description:
        'Seconds of warning before a stop, in which cull_at and cull_reason are shown; at most half of the idle_timeout or max_age.',
    }),
  })
  .prefault({})
  .meta({ description: 'When an unused server is stopped.' });
