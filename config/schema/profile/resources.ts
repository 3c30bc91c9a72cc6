// The keys below `resources` of a profile: the resource limits of one server.
// Not here: the number of servers (../limits.ts).
import { z } from 'zod';
import { bytesOf, size } from '../values/size.ts';

const weight = z.int().min(1).max(10_000);

/** The values of the keys, in a profile and in the choices of its options. */
export const resourceValues = {
  memory: size,
  memory_high: size,
  cpus: z.number().min(0.01).max(10_000),
  processes: z.int().min(8).max(4_194_304),
  cpu_weight: weight,
  io_weight: weight,
  nice: z.int().min(0).max(19),
  gpus: z.int().min(0).max(256),
} as const;

/** A number of CPUs that may be kept busy; null: no limit. */
export const cpus = resourceValues.cpus.nullable().default(null);

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
    memory_high: size
      .nullable()
      .default(null)
      .meta({
        description:
          'A soft limit: above it the kernel takes memory back from the server and slows it down; it ends nothing. It must be below memory. With control groups of version 1 only when the machine is short of memory. null: none.',
        examples: ['1.5G'],
        default: null,
      }),
    cpus: cpus.meta({
      description: 'CPUs that a server may keep busy. null: no limit.',
      examples: [1.5],
    }),
    processes: resourceValues.processes
      .nullable()
      .default(null)
      .meta({
        description: 'Processes and threads of a server. null: no limit.',
        examples: [500],
      }),
    cpu_weight: weight
      .nullable()
      .default(null)
      .meta({
        description:
          'The share of a server in the CPUs while all are busy, beside 100 of a server without it: one with 200 gets twice as much. It takes nothing from a server while CPUs are free. null: 100.',
        examples: [200],
      }),
    io_weight: weight
      .nullable()
      .default(null)
      .meta({
        description:
          'The share of a server in the disks, as cpu_weight in the CPUs. It counts on disks with the scheduler bfq, or with io.cost of control groups of version 2; portwrap-spawner doctor says whether there is one. null: 100.',
        examples: [50],
      }),
    nice: resourceValues.nice.default(0).meta({
      description:
        'Added to the nice value of every process of a server. The kernel compares it among the processes of one server, and between servers only where they have no control groups.',
    }),
    gpus: resourceValues.gpus.default(0).meta({
      description:
        'GPUs of "gpus" that each of the servers has for itself. A start is refused while fewer are free. Programs see no other one of the pool.',
    }),
    open_files: z.int().min(64).max(1_048_576).default(1024).meta({
      description: 'Open files of each process of a server.',
    }),
  })
  .superRefine(softLimitIsBelow)
  .prefault({})
  .meta({
    description:
      'What one server may use, and its share of what is busy. memory, memory_high, cpus, processes and the weights need control groups, which a service that runs as root has, and another one with Delegate=yes and DelegateSubgroup=service in its unit. Without them a start is refused.',
  });

export function softLimitIsBelow(
  { memory, memory_high: high }: { memory: string | null; memory_high: string | null },
  ctx: z.RefinementCtx,
): void {
  if (memory === null || high === null || bytesOf(high) < bytesOf(memory)) return;
  ctx.addIssue({ code: 'custom', path: ['memory_high'], message: 'must be below memory' });
}
