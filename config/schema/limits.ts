// The keys below `limits`: the maximum number of servers and of concurrent starts, and what all servers together may use.
// Not here: the limits of one profile (profiles.ts) and of one server (profile/resources.ts).
import { z } from 'zod';
import { cpus } from './profile/resources.ts';
import { size } from './values/size.ts';

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
    memory: size
      .nullable()
      .default(null)
      .meta({
        description:
          'Memory and swap of all servers on this machine together, so that the hub, sshd and the system keep the rest. When they have more, the kernel ends a process of one of them. null: no limit.',
        examples: ['56G'],
        default: null,
      }),
    cpus: cpus.meta({
      description: 'CPUs that all servers on this machine together may keep busy. null: no limit.',
      examples: [14.5],
    }),
    processes: z
      .int()
      .min(100)
      .max(4_194_304)
      .nullable()
      .default(null)
      .meta({
        description:
          'Processes and threads of all servers on this machine together, with about six of each sandbox itself. null: no limit.',
        examples: [20_000],
      }),
  })
  .prefault({})
  .meta({
    description:
      'The maximum number of servers and of concurrent starts, and what all servers on this machine together may use. memory, cpus and processes need control groups, as those of one server in "resources" do; without them every start is refused.',
  });
