// The keys below `limits`: the maximum number of servers and of concurrent starts.
// Not here: the limit of one profile (profiles.ts).
import { z } from 'zod';

export const limitsSchema = z
  .strictObject({
    servers: z.int().min(1).max(100_000).default(1000).meta({
      description: 'Servers of all hubs together; a start beyond it is refused.',
    }),
    servers_per_user: z.int().min(1).max(1000).default(10).meta({
      description: 'Servers of one user of one hub, the default server and named ones together.',
    }),
    concurrent_starts: z.int().min(1).max(1000).default(8).meta({
      description:
        'Servers that are started at the same time. Further starts wait in order, and their progress shows how many are ahead of them.',
    }),
  })
  .prefault({})
  .meta({ description: 'The maximum number of servers and of concurrent starts.' });
