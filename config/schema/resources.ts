// The keys below `resources` of a profile: the resource limits of one server.
// Not here: the number of servers (limits.ts).
import { z } from 'zod';
import { size } from './values/size.ts';

export const resourcesSchema = z
  .strictObject({
    memory: size
      .nullable()
      .default(null)
      .meta({
        description: 'Memory and swap of a server together, such as 512M or 2G. null: no limit.',
        examples: ['2G'],
        // zod's JSON schema omits the default null of a key with a transform
        default: null,
      }),
    cpus: z
      .number()
      .min(0.01)
      .max(10_000)
      .nullable()
      .default(null)
      .meta({
        description: 'CPUs that a server may keep busy. null: no limit.',
        examples: [1.5],
      }),
    processes: z
      .int()
      .min(8)
      .max(4_194_304)
      .nullable()
      .default(null)
      .meta({
        description: 'Processes and threads of a server. null: no limit.',
        examples: [500],
      }),
    open_files: z.int().min(64).max(1_048_576).default(1024).meta({
      description: 'Open files of each process of a server.',
    }),
  })
  .prefault({})
  .meta({
    description:
      'What one server may use. memory, cpus and processes need control groups, which a service that runs as root has, and another one with Delegate=yes and DelegateSubgroup=service in its unit. Without them a start is refused.',
  });
